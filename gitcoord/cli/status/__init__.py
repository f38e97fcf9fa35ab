"""The state of the work: the status document, and the overview for report and dashboard."""
