"""Views: values as text for a terminal. Sentences are made here."""
