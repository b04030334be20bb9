r"""What a control group's path says of its processes: the systemd unit, the container and the Kubernetes pod they run in.

A path is read from the root inwards, and what stands further in wins: a unit of a systemd that runs inside a container is
the unit, and of a container inside a container (kind, docker in docker) the inner one is the container. A name that
follows no pattern below says nothing. Sources of the patterns: systemd (cgroup-util.c), runc and crun (the systemd and cgroupfs
drivers), containerd's CRI plugin, CRI-O and podman (conmon has a scope of its own: it watches the container from outside), kubelet
(`cgroup_manager_linux.go`: dashes of a pod's uid are written `_` in slices), LXC, systemd-nspawn.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

SHORT_ID = 12
"""Characters of a container's id that `docker ps`, `podman ps` and `crictl ps` (13) show at least."""

_ID = "[0-9a-f]{64}"
_POD = r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32}"  # of a static pod: a hash without dashes

CONTAINERS: tuple[tuple[str, str], ...] = (
    ("docker", rf"docker-(?P<id>{_ID})\.scope"),
    ("podman", rf"libpod-(?P<id>{_ID})(?:\.scope)?"),
    ("containerd", rf"(?:cri-containerd|nerdctl)-(?P<id>{_ID})\.scope"),
    ("cri-o", rf"crio-(?P<id>{_ID})(?:\.scope)?"),
    ("docker", rf"[^:]*:docker:(?P<id>{_ID})"),
    ("containerd", rf"[^:]*:(?:cri-containerd|nerdctl):(?P<id>{_ID})"),
    ("cri-o", rf"[^:]*:crio:(?P<id>{_ID})"),
    ("lxc", r"lxc\.payload\.(?P<id>.+)"),
    ("nspawn", r"systemd-nspawn@(?P<id>.+)\.service"),
    ("nspawn", r"machine-(?!qemu|lxc)(?P<id>.+)\.scope"),
)
"""Runtime, and what a component of the path looks like that is a container's own."""

BENEATH: tuple[tuple[str, str, str], ...] = (
    ("docker", "docker", _ID),
    ("buildkit", "buildkit", "[0-9a-z]{25}"),
    ("lxc", "lxc", r"[^.].*"),
    ("lxc", "lxc.payload", r".+"),
)
"""Runtime, the component above, and what a container's own one looks like there (the cgroupfs drivers)."""

_POD_NAME = re.compile(rf"(?:.*-)?pod(?P<uid>{_POD})(?:\.slice(?::.*)?)?")
_UNIT_NAME = re.compile(r".+\.(?:service|scope|socket|mount|swap)")
_ANY_ID = re.compile(_ID)
_CONTAINERS = tuple((runtime, re.compile(pattern)) for runtime, pattern in CONTAINERS)
_BENEATH = tuple((runtime, above, re.compile(pattern)) for runtime, above, pattern in BENEATH)


class Place(NamedTuple):
    """Where a process runs; None for what the path does not say.

    Attributes:
        unit: The innermost systemd unit that is no slice: `ssh.service`, `session-3.scope`.
        runtime: What runs the container: `docker`, `podman`, `containerd`, `cri-o`, `buildkit`, `lxc`, `nspawn`; None where only the id is told.
        container: Its id (64 hex digits), or its name where the runtime has no ids.
        pod: The Kubernetes pod's uid, with dashes.
    """

    unit: str | None = None
    runtime: str | None = None
    container: str | None = None
    pod: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the container may be called by: its id, and the beginning of it that tools show; none for none."""
        if self.container is None:
            return ()
        return (self.container, self.container[:SHORT_ID]) if _ANY_ID.fullmatch(self.container) else (self.container,)

    @property
    def label(self) -> str:
        """The container as its runtime's own tools list it: `docker 4c01db0b339c`; empty for none."""
        return f"{self.runtime or 'container'} {self.names[-1]}" if self.names else ""


@lru_cache(4096)
def place(path: str) -> Place:
    """What the path (`/system.slice/ssh.service`) says. For any text; nothing is asked of the machine."""
    unit = runtime = container = pod = None
    above = ""
    for name in path.split("/"):
        if _UNIT_NAME.fullmatch(name):
            unit = name
        if (match := _POD_NAME.fullmatch(name)) is not None:
            pod = match["uid"].replace("_", "-")
        if (found := _container(name, above)) is not None:
            runtime, container = found
        above = name
    return Place(unit, runtime, container, pod)


def _container(name: str, above: str) -> tuple[str | None, str] | None:
    for runtime, pattern in _CONTAINERS:
        if (match := pattern.fullmatch(name)) is not None:
            return runtime, match["id"]
    for runtime, parent, pattern in _BENEATH:
        if above == parent and pattern.fullmatch(name):
            return runtime, name
    return (None, name) if _ANY_ID.fullmatch(name) else None
