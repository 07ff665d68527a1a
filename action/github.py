"""Comments of a pull request, by GitHub's REST API, with nothing but the standard library."""

import json
import time
import urllib.error
import urllib.request

# So many comments are on a page, so many pages are read, and so long an answer is waited for, in seconds.
PER_PAGE = 100
PAGES = 30
TIMEOUT = 30
# So often a request is sent, and so long is waited before the second, in seconds.
ATTEMPTS = 3
PAUSE = 1.0


class Refused(Exception):
    """GitHub did not do what it was asked for."""

    def __init__(self, status, what):
        super().__init__(what)
        self.status = status


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would go to wherever it leads."""

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
        """Writes the comment that begins with the marker, in place of the one before; what was done."""
        known = self.find(marker, author)
        if known is not None:
            try:
                self.request("PATCH", f"issues/comments/{known}", {"body": body})
                return "edited"
            except Refused as refused:
                # Somebody has deleted it meanwhile.
                if refused.status != 404:
                    raise
        self.request("POST", f"issues/{self.number}/comments", {"body": body})
        return "created"

    def find(self, marker, author):
        """The number of the first comment of this author that begins with the marker."""
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
        """The answer to a request. No message of an error has the token."""
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
                # A POST may have been carried out: a second one would make a second comment.
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
    """What GitHub says about an error."""
    try:
        message = json.loads(error.read(10_000)).get("message")
    except (OSError, ValueError, AttributeError):
        return ""
    return f": {' '.join(str(message).split())[:300]}" if message else ""
