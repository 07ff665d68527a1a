"""The inputs of the action, and what its steps write for GitHub's runner: outputs, job summary and annotations."""

import os
import pathlib

# The report of the base. On a push, the report that later pull requests are compared with.
BASE = pathlib.Path.home() / ".mqtt-check-base" / "report.json"


def setting(name):
    """Returns an input of the action. It is empty if it was not given."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def program():
    """Returns the path of the program that `cargo install` has installed. Tests use another one."""
    installed = pathlib.Path.home() / ".mqtt-check" / "bin" / "mqtt-check"
    return os.environ.get("ACTION_PROGRAM") or str(installed)


def output(name, value):
    """Sets an output of the step. The value must not contain a line break, which would begin another output."""
    value = str(value)
    if "\n" in value or "\r" in value:
        raise ValueError(f"the output {name} has a line break")
    append("GITHUB_OUTPUT", f"{name}={value}\n")


def summary(text):
    """Adds to the job summary."""
    append("GITHUB_STEP_SUMMARY", text)


def append(variable, text):
    path = os.environ.get(variable)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


def annotate(kind, text):
    """Shows a notice, a warning or an error on the page of the run."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind} title=mqtt-check::{text}", flush=True)
