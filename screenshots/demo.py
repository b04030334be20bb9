"""Records the session of `kellect-tui --demo` anew, and keeps of the machine's processes only those that belong to it.

    sudo .venv/bin/python screenshots/demo.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kellect_tui.session.file import open_session, write_session
from kellect_tui.session.processes import Processes

HERE = Path(__file__).parent
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
DEMO = HERE.parent / "kellect_tui" / "data" / "demo.kellect"


def main() -> None:
    """Record, strip, write."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shutil.copy(HERE / "demo.sh", place / "site.sh")
        recorded = place / "recorded.kellect"
        record = [sys.executable, "-m", "kellect_tui", "record", "-o", str(recorded), "--", "sh", "site.sh"]
        subprocess.run(record, check=True, cwd=place, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        session = open_session(recorded)
        document = session.processes.to_json()
        root = next(process for process in session.processes.all() if process.argv[:2] == ("sh", "site.sh"))
        keep = {process.number for process in (root, *session.processes.descendants(root))}
        document["processes"] = [row for row in document["processes"] if row["number"] in keep]
        session.processes = Processes.from_json(document)
        with DEMO.open("wb") as file:
            print(write_session(session, file), "events written to", DEMO)
    DEMO.chmod(0o644)


if __name__ == "__main__":
    main()
