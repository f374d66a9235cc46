"""The page: HTML made on the server, charts drawn in Python, nothing that needs JavaScript. See docs/page.md."""
