"""Views: render values as text for a terminal, or as the page of the report."""
