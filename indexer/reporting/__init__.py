"""What analysts see in a terminal: one metric, or the overview of all of them, as text, JSON, CSV, HTML or PDF."""
