#!/bin/sh
# What the built-in recording (kellect-tui --demo) shows: a few programs a person would recognise, successes and failures.
# screenshots/demo.py records it (`make demo-session`).
set -u
cd "$(mktemp -d /tmp/demo.XXXXXX)" || exit 1
mkdir -p site/css build && echo '<h1>hello</h1>' > site/index.html && echo 'body { color: teal }' > site/css/main.css
cat > build/hello.c <<'C'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
C
gcc -O1 -o build/hello build/hello.c && ./build/hello
git -c init.defaultBranch=main init -q . && git add site && git -c user.name=demo -c user.email=demo@example.org commit -qm 'the site'
python3 - <<'PY'
import http.server, os, socket, threading, urllib.request
os.chdir("site")
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
for page in ("/", "/css/main.css", "/missing.html"):
    try: urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{page}").read()
    except OSError as error: print(page, error)
with socket.socket(socket.AF_INET6) as s:
    try: s.connect(("::1", 9))
    except OSError as error: print(error)
a, b = socket.socketpair(); a.send(b"ping"); b.recv(4)
server.shutdown()
if os.fork() == 0: os.setgid(65534); os.setuid(65534); os._exit(7)
os.wait()
PY
cat /etc/shadow.missing; grep -rl teal site; chmod 600 site/index.html; mv site/css site/style; ln -s style site/css
tar cf site.tar site && rm -rf site build; dd if=/dev/zero of=blob bs=64k count=16 2>/dev/null; truncate -s 5G blob; rm blob
sleep 30 & sleep 0.2; kill -TERM $!; wait $!  # not before it is the program that it is to be
sh -c 'kill -SEGV $$'
cd / && rm -rf "$OLDPWD"
