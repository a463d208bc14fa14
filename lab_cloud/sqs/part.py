"""SQS as a part of the cloud."""

from ..core import Core
from ..wire import moto_queues
from .api import SqsApi
from .box import Box, Stored
from .polls import Polls


class Sqs:
    """Messages, and long polls that wait for them.

    Parameters
    ----------
    core : Core
        Where it plugs in; after all that may send messages.
    """

    def __init__(self, core: Core) -> None:
        moto_queues.use(Box, Stored)
        polls = Polls(core.world)
        api = SqsApi(core.clock, polls)
        core.world.add(api)
        core.world.add(polls)
        core.dispatcher.override("sqs", api)
        core.on_reset.append(api.moves.clear)
