"""The report: as text for a terminal, and as one page of HTML."""
