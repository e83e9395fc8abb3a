"""The report of an audit: from the files that `crawlgate audit` wrote to a page, Markdown, JSON or SARIF."""
