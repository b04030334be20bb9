"""The programs that are run under both: the project's own workload, and what people really use.

Every one of them works on a copy of a small tree, in a directory of its own, and talks to 127.0.0.1 only.
"""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bpf.recording import build
from tests.bpf.test_workload import compiled

PYTHON = "/usr/bin/python3"
SOURCES = Path(__file__).parents[1] / "bpf"
TRACERS = ("tracing", "changed_by_a_tracer")
"""Cases that are none for strace: who is traced cannot be traced again."""
MANY = ("many_.*", "burst", "side_by_side", "reused_mounts")
"""Cases of the workload that make tens of thousands of calls of the same kind."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command to be compared.

    Attributes:
        name: What the table calls it.
        words: The command; `{place}` is its directory.
        prepare: A shell script that is run in the directory before, untraced.
        make: Makes it, in that directory.
        python: A Python program, written to `program.py` before.
    """

    name: str
    words: Sequence[str]
    prepare: str = ""
    python: str = ""
    make: Callable[[Path], None] | None = None

    def ready(self, place: Path) -> list[str]:
        """Makes its directory ready, and returns the command."""
        if self.python:
            (place / "program.py").write_text(textwrap.dedent(self.python))
        if self.make is not None:
            self.make(place)
        subprocess.run(["sh", "-euc", TREE + self.prepare], cwd=place, check=True, stdout=subprocess.DEVNULL)
        return [word.replace("{place}", str(place)) for word in self.words]


def shell(name: str, script: str, prepare: str = "") -> Program:
    """A program that is a shell script."""
    return Program(name, ("sh", "-c", textwrap.dedent(script)), prepare)


TREE = r"""
mkdir -p tree/a/b tree/c 'tree/with space'
for n in 1 2 3 4 5 6 7 8; do seq $((n * 300)) > tree/a/f$n; cp tree/a/f$n tree/a/b/g$n; done
printf 'needle\n' > 'tree/with space/héé'; printf x > "$(printf 'tree/c/\377bytes')"
ln -s ../a/f1 tree/c/link; ln -s nowhere tree/c/dangling; ln tree/a/f2 tree/c/hard; mkfifo tree/c/fifo
chmod 4755 tree/a/f3; chmod 0 tree/a/f4; chmod 1777 tree/c
"""

SOCKETS = """
    import http.client, http.server, os, signal, socket, subprocess, sys, tempfile, threading

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words): pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def fetch(path):
        client = http.client.HTTPConnection("127.0.0.1", port)
        client.request("GET", path)
        client.getresponse().read()
        client.close()

    workers = [threading.Thread(target=fetch, args=(f"/tree/a/f{n}",)) for n in (1, 2, 3, 404)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    print(subprocess.run(["cat"], input=b"through a pipe", capture_output=True).stdout)
    subprocess.run("exit 3", shell=True)
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGTERM); child.wait()

    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, "datagrams")):
        there = socket.socket(family, socket.SOCK_DGRAM); there.bind(address)
        here = socket.socket(family, socket.SOCK_DGRAM)
        here.sendto(b"one", there.getsockname()); there.recvfrom(100)
        here.connect(there.getsockname()); here.send(b"two"); there.recv(1)
        here.sendmsg([b"th", b"ree"]); there.recvmsg(100); here.getpeername()
    for name in ("stream", "\\0abstract\\0name"):
        listener = socket.socket(socket.AF_UNIX); listener.bind(name); listener.listen()
        client = socket.socket(socket.AF_UNIX); client.connect(name)
        accepted, _ = listener.accept(); accepted.sendall(b"hello"); client.recv(100); client.getpeername()
        accepted.close(); client.recv(1)
    one, other = socket.socketpair(); one.send(b"x"); other.recv(9)
    closed = socket.socket(); closed.bind(("127.0.0.1", 0))
    try: socket.create_connection(closed.getsockname())
    except ConnectionRefusedError: pass
    late = socket.socket(); late.setblocking(False)
    try: late.connect(("127.0.0.1", port))
    except BlockingIOError: pass
    with tempfile.TemporaryDirectory(dir=".") as place, open(os.path.join(place, "x"), "w+b") as file:
        file.write(b"0" * 5000); file.flush(); os.ftruncate(file.fileno(), 100); os.pread(file.fileno(), 10, 95); os.fsync(file.fileno())
        os.chmod(file.fileno(), 0o600); os.replace(file.name, file.name + "y")
        os.writev(file.fileno(), [b"a", b"bc"]); os.preadv(file.fileno(), [bytearray(3), bytearray(4)], 0)
        os.dup2(file.fileno(), 50); os.close(50); os.memfd_create("memory"); os.eventfd(0)
    server.shutdown(); server.server_close()
"""

SQLITE = """
    import sqlite3
    for mode in ("delete", "wal"):
        base = sqlite3.connect(f"{mode}.db")
        base.execute(f"pragma journal_mode={mode}")
        base.execute("create table t (a integer primary key, b text)")
        with base: base.executemany("insert into t (b) values (?)", ((str(n) * 50,) for n in range(500)))
        with base: base.execute("delete from t where a % 3 = 0")
        print(base.execute("select count(*) from t").fetchone())
        base.execute("vacuum"); base.close()
"""

MAKEFILE = r"""
printf 'int one(void) { return 1; }\n' > one.c; printf 'int one(void); int main(void) { return one() - 1; }\n' > main.c
printf 'all: program\nprogram: one.o main.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -c -o $@ $<\n' > Makefile
"""

def own(place: Path) -> None:
    """The project's own programs, compiled."""
    build(SOURCES / "calls.c", place)
    compiled(place)
    (place / "w").mkdir()


GIT = """
    export HOME=. GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1
    cd tree && git init -q . && git add . && git commit -qm one && echo more >> a/f5 && git status && git diff --stat && git rm -q a/f6 && git commit -qam two
"""

def workload(name: str, cases: str) -> Program:
    """Cases of the project's workload; `cases` is a shell's words."""
    return Program(name, ("sh", "-c", f"exec ./workload {{place}}/w {{place}}/log {{place}}/helper {cases}"), make=own)


def all_but(*names: str) -> str:
    """All cases but those whose names fit one of these expressions."""
    return f"$(./workload --list | grep -vxE '{'|'.join(names)}')"


PROGRAMS: tuple[Program, ...] = (
    Program("calls", ("{place}/calls", "{place}/w", "{place}/log"), make=own),
    workload("workload", all_but(*TRACERS)),
    Program("ls -lR", ("ls", "-lR", "tree", "/usr/share/perl-base")),
    shell("tar", "tar -czf t.tar.gz tree && mkdir out && tar -xzf t.tar.gz -C out && tar -df t.tar.gz"),
    shell("cp -a", "cp -a tree copy && cp -al tree hard && mv copy moved && rm -r moved"),
    Program("find", ("find", "tree", "/etc", "-newer", "tree/a/f1", "-o", "-size", "+1k", "-o", "-type", "l", "-printf", "%l")),
    Program("grep -r", ("grep", "-r", "needle", "tree", "/etc")),
    shell("git", GIT),
    Program("gcc", ("gcc", "-O1", "-o", "hello", "hello.c"), "printf '#include <stdio.h>\\nint main(void) { return puts(\"hello\") < 0; }\\n' > hello.c"),
    Program("python3", (PYTHON, "program.py"), python=SOCKETS),
    shell("sh", """
        cat tree/a/* 2>&1 | sort -n | uniq -c | head -3 > counts; (cd tree && ls | while read name; do echo "$name"; done) | wc -l
        for n in 1 2 3 4 5; do echo "$(expr $n + 1)" >> numbers; done; sleep 30 & kill $!; wait $!
        umask 077; mkdir -p x/y/z; mv x/y x/w; rmdir x/w/z; rm -r x; no-such-program; ./tree; ./script one two; true < nowhere
        trap 'echo caught' USR1; kill -USR1 $$; exec 5> five; echo deep >&5; exec 5>&-; sh -c 'kill -SEGV $$'
    """, "printf '#!/bin/sh -e\\necho \"$0\" \"$@\"\\n' > script; chmod +x script"),
    Program("curl", (PYTHON, "program.py"), python="""
        import http.server, subprocess, threading
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        subprocess.run(["curl", "-s", "-o", "got", f"http://127.0.0.1:{server.server_port}/tree/a/f8", f"http://127.0.0.1:{server.server_port}/nowhere"])
        server.shutdown()
    """),
    shell("dd", """
        dd if=/dev/zero of=zeros bs=4k count=500 conv=fsync && dd if=zeros bs=1M iflag=fullblock of=/dev/null
        dd if=/dev/urandom of=zeros bs=100 count=3 seek=7 conv=notrunc
    """),
    Program("sort", ("sort", "-n", "-S", "300k", "-T", ".", "-o", "sorted", "large"), "seq 200000 -1 1 > large"),
    Program("make -j2", ("make", "-j2"), MAKEFILE),
    Program("sqlite3", (PYTHON, "program.py"), python=SQLITE),
)  # fmt: skip
