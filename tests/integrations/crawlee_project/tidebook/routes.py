"""What is done with each kind of page."""

from crawlee.router import Router

from .models import Harbour, Tide
from .store import keep

router = Router()


@router.default_handler
async def index(context):
    """A list of regions: on to each."""
    await context.enqueue_links(selector="a.region", label="region", strategy="all")


@router.handler("region")
async def region(context):
    """A list of harbours: on to each, and to the next page of the list."""
    await context.enqueue_links(selector="a.harbour", label="harbour", strategy="all")
    await context.enqueue_links(selector="a.next", label="region")


@router.handler("harbour")
async def harbour(context):
    """One harbour with its tides."""
    page = context.selector
    tides = [
        Tide(row.css("td.at::text").get(), float(row.css("td.metres::text").get()))
        for row in page.css("table.tides tr")
    ]
    note = page.css("a.note::attr(href)").get()
    text = ""
    if note:
        answer = await context.send_request(context.request.loaded_url.rsplit("/", 1)[0] + "/" + note)
        text = (await answer.read()).decode()
    await keep(context, Harbour(page.css("h1::text").get().strip(), context.request.loaded_url, tides, text))
