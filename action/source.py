"""Prints a digest of the sources that `cargo install` builds. It is the cache key of the built program."""

import hashlib
import os
import pathlib
import sys

from workflow import output

# Folders that do not affect the program.
OTHER = {".git", ".github", "action", "docs", "target", "tests"}


def digest(folder):
    """Returns a digest of the names and contents of all files, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if below.parts[0] in OTHER or not path.is_file():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{below.as_posix()} {content}\n".encode())
    return total.hexdigest()


def main():
    folder = pathlib.Path(os.environ["GITHUB_ACTION_PATH"])
    if not (folder / "Cargo.toml").is_file():
        sys.exit(f"error: {folder} has no sources of mqtt-check")
    output("digest", digest(folder))


if __name__ == "__main__":
    main()
