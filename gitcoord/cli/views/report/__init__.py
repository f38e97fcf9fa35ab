"""The report: text for a terminal, and one HTML page."""
