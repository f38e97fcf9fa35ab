"""Caches answers by ETag: if nothing has changed, GitHub answers 304 and does not count the request."""

from collections import OrderedDict
from collections.abc import Mapping

from gitcoord.forge.github.transport import Query, Reply

_MOST = 400
_Key = tuple[str, tuple[tuple[str, str], ...]]


class CachedAnswer:
    """A resource and its cached answer."""

    def __init__(self, memory: "AnswerCache", key: _Key) -> None:
        self._memory = memory
        self._key = key

    @property
    def condition(self) -> Mapping[str, str]:
        """The header for a conditional request; empty without a cached answer."""
        reply = self._memory.replies.get(self._key)
        return {} if reply is None else {"If-None-Match": reply.headers["etag"]}

    def answered(self, reply: Reply) -> Reply:
        """Returns `reply`, or the cached answer if it is a 304. Caches a 200 with an ETag."""
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
    """The cached answers of one run, at most `_MOST`; removes the least recently used first."""

    def __init__(self) -> None:
        self.replies: OrderedDict[_Key, Reply] = OrderedDict()

    def of(self, path: str, query: Query) -> CachedAnswer:
        """Returns the cache entry of a resource."""
        return CachedAnswer(self, (path, tuple(sorted((name, str(value)) for name, value in query.items()))))
