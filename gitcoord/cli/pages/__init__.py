"""The report as one HTML page: its parts, and the templates that they fill."""
