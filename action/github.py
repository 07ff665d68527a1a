"""Comments of a pull request through GitHub's REST API. Uses only the standard library."""

import json
import time
import urllib.error
import urllib.request

# Comments on a page, the maximum number of pages, and the timeout of a request in seconds.
PER_PAGE = 100
PAGES = 30
TIMEOUT = 30
# The maximum number of attempts of a request, and the pause before the second one in seconds.
ATTEMPTS = 3
PAUSE = 1.0


class Refused(Exception):
    """GitHub refused a request, or did not answer it."""

    def __init__(self, status, what):
        super().__init__(what)
        self.status = status


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, because the token would be sent to the new address."""

    def redirect_request(self, *_):
        return None


class Comments:
    """The comments of one pull request."""

    def __init__(self, api, repository, number, token, pause=PAUSE):
        self.repository = f"{api.rstrip('/')}/repos/{repository}"
        self.number = number
        self.token = token
        self.pause = pause
        self.opener = urllib.request.build_opener(NoRedirect)

    def keep(self, marker, author, body):
        """Creates or edits the comment that begins with the marker. Returns which of the two it did."""
        known = self.find(marker, author)
        if known is not None:
            try:
                self.request("PATCH", f"issues/comments/{known}", {"body": body})
                return "edited"
            except Refused as refused:
                # The comment has been deleted in the meantime.
                if refused.status != 404:
                    raise
        self.request("POST", f"issues/{self.number}/comments", {"body": body})
        return "created"

    def find(self, marker, author):
        """Returns the id of the first comment of this author that begins with the marker."""
        for page in range(1, PAGES + 1):
            path = f"issues/{self.number}/comments?per_page={PER_PAGE}&page={page}"
            comments = self.request("GET", path)
            for comment in comments:
                user = comment.get("user") or {}
                if user.get("login") == author and (comment.get("body") or "").startswith(marker):
                    return comment["id"]
            if len(comments) < PER_PAGE:
                break
        return None

    def request(self, method, path, body=None):
        """Sends a request and returns the answer. Error messages do not contain the token."""
        request = urllib.request.Request(
            f"{self.repository}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "mqtt-check",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self.pause * attempt)
            try:
                with self.opener.open(request, timeout=TIMEOUT) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                refused = Refused(error.code, self.hidden(f"HTTP {error.code}{said(error)}"))
                # The POST may have succeeded. A second one would create a second comment.
                if error.code < 500 or method == "POST":
                    raise refused from None
            except (OSError, ValueError) as error:
                refused = Refused(0, self.hidden(str(error)))
                if method == "POST":
                    raise refused from None
        raise refused from None

    def hidden(self, text):
        return text.replace(self.token, "***")


def said(error):
    """Returns the error message of GitHub."""
    try:
        message = json.loads(error.read(10_000)).get("message")
    except (OSError, ValueError, AttributeError):
        return ""
    return f": {' '.join(str(message).split())[:300]}" if message else ""
