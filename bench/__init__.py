"""How fast sparksim is, as one table of ratios: `make bench`, or `python -m bench`."""
