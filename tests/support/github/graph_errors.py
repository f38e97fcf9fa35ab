"""The errors that GraphQL answers with: a type and a sentence."""


class GraphError(Exception):
    """One entry of `errors`."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
