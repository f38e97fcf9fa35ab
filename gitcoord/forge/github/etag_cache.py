"""What was read before, with its ETag: asked again, GitHub answers 304, which is free of its rate limit."""

from collections import OrderedDict
from collections.abc import Mapping

from gitcoord.forge.github.transport import Query, Reply

_MOST = 400
_Key = tuple[str, tuple[tuple[str, str], ...]]


class CachedAnswer:
    """One resource, and the answer that is remembered of it."""

    def __init__(self, memory: "AnswerCache", key: _Key) -> None:
        self._memory = memory
        self._key = key

    @property
    def condition(self) -> Mapping[str, str]:
        """The header that asks for news only; none for what was never read."""
        reply = self._memory.replies.get(self._key)
        return {} if reply is None else {"If-None-Match": reply.headers["etag"]}

    def answered(self, reply: Reply) -> Reply:
        """The answer, which is the remembered one when there is no news."""
        replies = self._memory.replies
        if reply.status == 304 and self._key in replies:
            replies.move_to_end(self._key)
            return replies[self._key]
        if reply.status == 200 and reply.headers.get("etag"):
            replies[self._key] = reply
            replies.move_to_end(self._key)
            if len(replies) > _MOST:
                replies.popitem(last=False)
        return reply


class AnswerCache:
    """The answers of one run, the oldest forgotten first."""

    def __init__(self) -> None:
        self.replies: OrderedDict[_Key, Reply] = OrderedDict()

    def of(self, path: str, query: Query) -> CachedAnswer:
        """What is known of a resource."""
        return CachedAnswer(self, (path, tuple(sorted((name, str(value)) for name, value in query.items()))))
