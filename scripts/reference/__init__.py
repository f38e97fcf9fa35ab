"""Makes the reference from the code: pages of the site, man pages, completions. See `__main__`."""
