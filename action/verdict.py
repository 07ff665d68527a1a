"""Ends the job according to the input `fail-on`."""

import sys

from workflow import annotate, setting


def ends(code, fail_on, regressed):
    """Returns the exit code of the job, and the reason."""
    if fail_on not in ("failure", "regression"):
        return 2, f"the input `fail-on` is `failure` or `regression`, not `{fail_on}`"
    if code == "":
        return 3, "mqtt-check was not run"
    if code == "0":
        return (1, "a case regressed") if fail_on == "regression" and regressed == "true" else (0, "")
    # Any code other than 1 means that not all cases were played. A comparison then proves nothing.
    if code != "1" or fail_on == "failure":
        return int(code), f"`mqtt-check run` ended with exit code {code}"
    if regressed == "true":
        return 1, "a case regressed"
    return 0, ""


def main():
    code, why = ends(setting("EXIT"), setting("FAIL_ON"), setting("REGRESSED"))
    if code:
        annotate("error", why)
    sys.exit(code)


if __name__ == "__main__":
    main()
