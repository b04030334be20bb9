"""Names that hurt who looks at them, used in every way a program can use a name. Arguments: WORK; names one a line, in hex, on standard input."""

import ctypes
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NAME, OPEN = 15, 2


def main() -> None:
    """Use each name."""
    work = os.fsencode(sys.argv[1])
    program = work + b"/run"
    os.symlink("/bin/true", program)
    for line in sys.stdin.read().splitlines():
        name = bytes.fromhex(line)
        path = work + b"/" + name
        os.close(os.open(path, os.O_CREAT | os.O_RDWR))
        os.rename(path, path[:-1] + b"~")
        os.unlink(path[:-1] + b"~")
        os.mkdir(path)
        os.chdir(path)
        os.chdir("..")
        os.rmdir(path)
        libc.prctl(PR_SET_NAME, name + b"\0")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as two:
            address = b"\0" + name[:50] + b"\0" + name[:50]
            one.bind(address)
            two.connect(address)
        if not os.fork():
            os.execve(program, [name, name, b""], {})
        os.wait()
    libc.syscall(OPEN, ctypes.c_void_p(1), 0)
    for length in (4095, 4097, 9000):
        libc.syscall(OPEN, b"x" * length, 0)


main()
