"""The page: HTML made on the server, charts drawn in Python, no JavaScript. See docs/page.md."""
