"""moto as it is loaded here keeps nothing that has been deleted."""

import gc
import weakref

from lab_cloud.wire import moto_load
from lab_cloud.wire.moto_apps import MotoApps


def test_a_reset_frees_what_was_made() -> None:
    moto_load.load()
    from moto.ec2.models import ec2_backends
    from moto.iam.models import iam_backends

    apps = MotoApps()
    apps.warm("us-east-1")
    made = [weakref.ref(ec2_backends["123456789012"]["us-east-1"]), weakref.ref(iam_backends["123456789012"]["aws"])]
    apps.reset()
    gc.collect()
    assert [one() for one in made] == [None, None]
