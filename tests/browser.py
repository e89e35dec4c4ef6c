"""Pages in headless Chromium: how wide they are, which scripts fail, and what cannot be read."""

import html
import json
import re
import shutil
import subprocess

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
PROBE = "<script>window.errors = []; addEventListener('error', event => errors.push(String(event.message)))</script>"
MEASURE = """<script>addEventListener("load", () => {
  const page = document.documentElement, form = document.getElementById("filter");
  const found = { width: page.clientWidth, needs: page.scrollWidth, errors, articles: [] };
  const seen = () => [...document.querySelectorAll("#apart article")].filter(each => each.offsetHeight).length;
  if (form) {
    found.articles.push(seen());
    form.elements.text.value = "lovelace";
    form.dispatchEvent(new Event("input"));
    found.articles.push(seen());
  }
  found.texts = [...document.querySelectorAll("svg text")].map(each => each.getBoundingClientRect().height)
    .filter(height => height);
  found.unreadable = [...document.querySelectorAll("svg.chart")].flatMap(picture => {
    const edge = picture.getBoundingClientRect();
    const texts = [...picture.querySelectorAll("text")].map(each => [each.textContent, each.getBoundingClientRect()])
      .filter(([, box]) => box.height);
    const cut = texts.filter(([, box]) => box.left < edge.left - 1 || box.right > edge.right + 1);
    const below = texts.filter(([, box]) => box.bottom > edge.bottom - edge.height / 5);
    const over = below.flatMap(([text, box], place) => below.slice(place + 1)
      .filter(([, other]) => Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1
        && Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 3)
      .map(([other]) => [`${text} on ${other}`]));
    return [...cut, ...over].map(([text]) => text);
  });
  parent.postMessage([NUMBER, found], "*");
})</script>"""


def looked_at(pages, folder, width, measure=MEASURE):
    """What frames of this width say of pages, by their names; one browser holds them all."""
    contents = []
    for number, page in enumerate(pages.values()):
        end, script = page.rindex("</body>"), measure.replace("NUMBER", str(number))
        contents.append((page[:end] + script + page[end:]).replace("<head>", f"<head>{PROBE}", 1))
    given = json.dumps(contents).replace("</", "<\\/")
    frame = folder / "frame.html"
    frame.write_text(
        '<!doctype html><meta charset="utf-8"><pre></pre><script>const found = {};'
        'addEventListener("message", event => { found[event.data[0]] = event.data[1];'
        'document.querySelector("pre").textContent = JSON.stringify(found) });'
        f"for (const content of {given}) {{ const frame = document.createElement('iframe');"
        f"frame.style = 'width: {width}px; height: 800px; border: 0'; frame.srcdoc = content;"
        "document.body.append(frame) }</script>",
        encoding="utf-8",
    )
    found = json.loads(html.unescape(re.search(r"<pre>(.+?)</pre>", dumped(frame), re.DOTALL)[1]))
    return {name: found[str(number)] for number, name in enumerate(pages)}


def dumped(file):
    """The document as the browser has it once all scripts have run."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000"]
    command = [
        BROWSER,
        *flags,
        "--window-size=1400,900",
        f"--user-data-dir={file.parent / 'profile'}",
        "--dump-dom",
        file.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
