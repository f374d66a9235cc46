"""What analysts see in a terminal or take away as a file: one metric, or the overview of all of them."""
