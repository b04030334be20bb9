"""Paths of control groups as real machines have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.cgroup import Place, place

ID = "4c01db0b339c1f3a8c2f0c1d7e6b5a49382716050f1e2d3c4b5a69788796a5b4"
INNER = "b4a59687786a5b4c3d2e1f0506172839a4b5c6d7e8f90a1b2c3d4e5f60718293"
UID = "8b3c1f2e-0a4d-4e57-9c1b-2f6d7a8e9b0c"
SLICE_UID = UID.replace("-", "_")
STATIC = "f0e1d2c3b4a5968778695a4b3c2d1e0f"

PATHS = {
    # systemd
    "/": Place(),
    "/init.scope": Place("init.scope"),
    "/system.slice/ssh.service": Place("ssh.service"),
    "/system.slice/system-getty.slice/getty@tty1.service": Place("getty@tty1.service"),
    "/system.slice/dbus.socket": Place("dbus.socket"),
    "/system.slice/system-postgresql.slice/postgresql@15-main.service": Place("postgresql@15-main.service"),
    "/user.slice/user-1000.slice/session-3.scope": Place("session-3.scope"),
    "/user.slice/user-1000.slice": Place(),
    "/user.slice/user-1000.slice/user@1000.service/init.scope": Place("init.scope"),
    r"/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-5f7d.scope": Place("vte-spawn-5f7d.scope"),
    r"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome\x2dfirefox-4121.scope": Place(r"app-gnome\x2dfirefox-4121.scope"),
    "/system.slice/systemd-udevd.service/udev": Place("systemd-udevd.service"),
    # docker: systemd driver, cgroupfs driver, rootless, a systemd inside, runc's path given to the wrong driver
    f"/system.slice/docker-{ID}.scope": Place(f"docker-{ID}.scope", "docker", ID),
    f"/docker/{ID}": Place(None, "docker", ID),
    f"/docker/{ID}/system.slice/nginx.service": Place("nginx.service", "docker", ID),
    f"/user.slice/user-1000.slice/user@1000.service/app.slice/docker-{ID}.scope": Place(f"docker-{ID}.scope", "docker", ID),
    f"/system.slice:docker:{ID}": Place(None, "docker", ID),
    "/docker/buildkit/9vfw3n0yk2l1m8q7x6z5a4b3c": Place(None, "buildkit", "9vfw3n0yk2l1m8q7x6z5a4b3c"),
    "/system.slice/docker.service": Place("docker.service"),
    # podman: root, rootless, cgroupfs driver; conmon is not inside
    f"/machine.slice/libpod-{ID}.scope/container": Place(f"libpod-{ID}.scope", "podman", ID),
    f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope": Place(f"libpod-{ID}.scope", "podman", ID),
    f"/libpod_parent/libpod-{ID}": Place(None, "podman", ID),
    f"/machine.slice/libpod-conmon-{ID}.scope": Place(f"libpod-conmon-{ID}.scope"),
    # containerd without Kubernetes
    f"/system.slice/nerdctl-{ID}.scope": Place(f"nerdctl-{ID}.scope", "containerd", ID),
    f"/default/{ID}": Place(None, None, ID),
    # Kubernetes: systemd driver with containerd and CRI-O, all three classes, static pods, cgroupfs driver
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICE_UID}.slice/cri-containerd-{ID}.scope": Place(
        f"cri-containerd-{ID}.scope", "containerd", ID, UID
    ),
    f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{SLICE_UID}.slice/crio-{ID}.scope": Place(f"crio-{ID}.scope", "cri-o", ID, UID),
    f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{SLICE_UID}.slice/crio-conmon-{ID}.scope": Place(
        f"crio-conmon-{ID}.scope", None, None, UID
    ),
    f"/kubepods.slice/kubepods-pod{STATIC}.slice/cri-containerd-{ID}.scope": Place(f"cri-containerd-{ID}.scope", "containerd", ID, STATIC),
    f"/kubepods/burstable/pod{UID}/{ID}": Place(None, None, ID, UID),
    f"/kubepods/pod{UID}/{ID}": Place(None, None, ID, UID),
    f"/kubepods/besteffort/pod{UID}": Place(None, None, None, UID),
    f"/kubepods/burstable/pod{UID}/crio-{ID}": Place(None, "cri-o", ID, UID),
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICE_UID}.slice/docker-{ID}.scope": Place(f"docker-{ID}.scope", "docker", ID, UID),
    f"/system.slice/containerd.service/kubepods-burstable-pod{SLICE_UID}.slice:cri-containerd:{ID}": Place("containerd.service", "containerd", ID, UID),
    # Kubernetes in docker (kind): the inner container is the container
    f"/docker/{INNER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{SLICE_UID}.slice/cri-containerd-{ID}.scope": Place(
        f"cri-containerd-{ID}.scope", "containerd", ID, UID
    ),
    # LXC, systemd-nspawn; a virtual machine is no container
    "/lxc/web": Place(None, "lxc", "web"),
    "/lxc.payload.web/system.slice/nginx.service": Place("nginx.service", "lxc", "web"),
    "/lxc.payload/web": Place(None, "lxc", "web"),
    "/lxc.monitor.web": Place(),
    "/machine.slice/systemd-nspawn@build.service/payload": Place("systemd-nspawn@build.service", "nspawn", "build"),
    "/machine.slice/machine-build.scope": Place("machine-build.scope", "nspawn", "build"),
    r"/machine.slice/machine-qemu\x2d1\x2dvm.scope": Place(r"machine-qemu\x2d1\x2dvm.scope"),
    # Look-alikes
    f"/system.slice/docker-{ID[:63]}.scope": Place(f"docker-{ID[:63]}.scope"),
    "/podcast.slice": Place(),
    "/system.slice/podman.service": Place("podman.service"),
    f"/docker/{ID.upper()}": Place(),
    "/deadbeef": Place(),
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items(), ids=range(len(PATHS)))
def test_a_path_says_where_it_is(path: str, expected: Place) -> None:
    assert place(path) == expected


def test_a_container_is_called_as_its_tools_list_it() -> None:
    docker = place(f"/docker/{ID}")
    assert (docker.names, docker.label) == ((ID, ID[:12]), f"docker {ID[:12]}")
    assert place(f"/default/{ID}").label == f"container {ID[:12]}"
    assert (place("/lxc/web").names, place("/lxc/web").label) == (("web",), "lxc web")
    assert (place("/init.scope").names, place("/init.scope").label) == ((), "")


@given(st.lists(st.sampled_from([*PATHS, "..", "pod", ":", ".scope", "\x1b[0m", "docker", ID])).map("/".join))
def test_any_path_has_an_answer(path: str) -> None:
    found = place(path)
    assert found.container is None or found.container in path
    assert found.unit is None or found.unit in path.split("/")
