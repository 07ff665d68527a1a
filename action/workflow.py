"""What the steps of the action say to GitHub's runner: outputs, the job summary and annotations."""

import os
import pathlib

# The report of the base, and that which later pull requests compare with.
BASE = pathlib.Path.home() / ".mqtt-check-base" / "report.json"


def setting(name):
    """The input of the action of this name; empty where it is not given."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def program():
    """Where `cargo install` has put the program. Tests name another one."""
    installed = pathlib.Path.home() / ".mqtt-check" / "bin" / "mqtt-check"
    return os.environ.get("ACTION_PROGRAM") or str(installed)


def output(name, value):
    """Sets an output of the step. No value may have a line break: it would end this output and begin another."""
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
