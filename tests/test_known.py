from crawlgate.known import joined_offers, joined_texts
from crawlgate.model import Polarity, Purpose, Signal, Strength
from crawlgate.signals.dataset import PaidOffer


def test_what_pages_say_is_kept_once_and_not_without_end() -> None:
    offers: tuple[PaidOffer, ...] = ()
    for number in range(300):
        offer = PaidOffer(page=f"https://data.example/{number}")
        offers = joined_offers(offers, (offer, offer))
    assert (len(offers), offers[0].page) == (256, "https://data.example/0")
    assert joined_offers(offers[:1], offers[:2]) == offers[:2]


def sentence(raw: str, page: str = "/") -> Signal:
    return Signal(
        kind="wording.no_ai",
        purpose=Purpose.TDM,
        polarity=Polarity.RESERVED,
        strength=Strength.NOTICE,
        raw=raw,
        detail={"page": page},
    )


def test_a_sentence_counts_by_what_it_says() -> None:
    said = [sentence(raw, page) for page in ("/terms", "/about") for raw in ("no training", "no mining")]
    assert joined_texts((said[0],), tuple(said[1:])) == tuple(said[:2])
    many = tuple(sentence(str(number)) for number in range(20))
    assert joined_texts((), many) == many[:16]
