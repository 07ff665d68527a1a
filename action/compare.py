"""Compares the report of a pull request with that of its base. Writes the job summary and one comment."""

import json
import os
import pathlib
import re
import subprocess
import sys

import github
from workflow import BASE, annotate, output, program, setting, summary

# GitHub accepts 65,536 characters in a comment. The output of `compare --markdown` is shorter.
LONGEST = 65_000
# The status codes with which GitHub refuses a token without write access.
FORBIDDEN = (401, 403, 404)


def comparison(base, head):
    """Returns the Markdown of the comparison, and whether a case regressed (`None` if that is unknown)."""
    if not base.is_file():
        return (
            "## mqtt-check: nothing to compare with\n\n"
            "There is no report of the base yet. The next push to it makes one.\n",
            None,
        )
    ended = subprocess.run(
        [program(), "compare", str(base), str(head), "--markdown"],
        env={name: value for name, value in os.environ.items() if name != "INPUT_TOKEN"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if ended.returncode in (0, 1):
        return ended.stdout, ended.returncode == 1
    why = ended.stderr.strip() or f"exit code {ended.returncode}"
    annotate("warning", f"the reports cannot be compared: {why}")
    fence = "`" * (longest_run(why) + 3)
    return f"## mqtt-check: the reports cannot be compared\n\n{fence}text\n{why}\n{fence}\n", None


def longest_run(text):
    """Returns the length of the longest run of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def pull_request():
    """Returns the number of the pull request, and whether it comes from another repository."""
    with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
        pull = json.load(file)["pull_request"]
    head, base = pull["head"].get("repo"), pull["base"]["repo"]
    is_fork = head is None or head["full_name"] != base["full_name"]
    return int(pull["number"]), is_fork


def comment(text):
    """Keeps the comment up to date. If it cannot be written, the job does not fail."""
    number, is_fork = pull_request()
    token = setting("TOKEN")
    if not token:
        annotate(
            "warning",
            "there is no comment, because the input `token` is empty: leave it out, or give it a token with "
            "`pull-requests: write`. The job summary has the comparison",
        )
        return
    name = re.sub(r"[^A-Za-z0-9._ -]", "-", setting("NAME")).replace("--", "-")
    marker = f"<!-- mqtt-check comparison: {name} -->"
    body = f"{marker}\n{text}"[:LONGEST]
    comments = github.Comments(os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"], number, token)
    try:
        done = comments.keep(marker, setting("COMMENT_AUTHOR"), body)
        print(f"{done} the comment on pull request {number}")
    except github.Refused as refused:
        if is_fork and refused.status in FORBIDDEN:
            annotate(
                "notice",
                "there is no comment, because the token of a pull request from a fork may only read. The job "
                "summary has the comparison",
            )
        elif refused.status in FORBIDDEN:
            annotate(
                "warning",
                f"the comment could not be written: {refused}. The job needs `permissions: pull-requests: write`",
            )
        else:
            annotate("warning", f"the comment could not be written: {refused}")


def main():
    head = setting("REPORT")
    if not head:
        annotate("warning", "there is nothing to compare: the run has left no report")
        sys.exit(0)
    base = pathlib.Path(setting("BASE_REPORT") or BASE)
    text, regressed = comparison(base, pathlib.Path(head))
    summary(f"\n{text}\n")
    output("regressed", "" if regressed is None else str(regressed).lower())
    if setting("COMMENT") == "true":
        comment(text)


if __name__ == "__main__":
    main()
