"""Plays the scenarios. The exit code is an output, so that reports are kept before the job fails."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from workflow import BASE, output, program, setting


def command(folder):
    """Returns the command line. No shell interprets it."""
    words = [program(), "run"]
    words += shlex.split(setting("PATHS"))
    for option in ("broker", "target", "baseline"):
        value = setting(option.upper())
        if value:
            words.append(f"--{option}={value}")
    for kind, file in (("json", "report.json"), ("junit", "junit.xml"), ("html", "report.html")):
        words.append(f"--report={kind}={folder / file}")
    return words + shlex.split(setting("ARGS"))


def main():
    name = re.sub(r"[^A-Za-z0-9._-]", "-", setting("NAME")) or "mqtt-check"
    folder = pathlib.Path(os.environ["RUNNER_TEMP"]) / f"reports-of-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        words = command(folder)
    except ValueError as error:
        sys.exit(f"error: the inputs `paths` and `args` are quoted as in a shell: {error}")
    print("$ " + shlex.join(["mqtt-check", *words[1:]]), flush=True)
    code = subprocess.run(words, check=False).returncode
    output("exit-code", code)
    output("folder", folder)
    report = folder / "report.json"
    if report.is_file():
        output("report", report)
        if os.environ.get("GITHUB_EVENT_NAME") == "push":
            BASE.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(report, BASE)


if __name__ == "__main__":
    main()
