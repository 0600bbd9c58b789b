"""Follows every reference of every page below a URL, with parsers of its own: lxml and tinycss2.

    crawl.py BASE_URL < paths

Takes paths relative to BASE_URL, one a line, and prints JSON: how many documents were read, how many references were
followed, and which of them are broken, as [document, reference, status]. Absolute URLs of other hosts and absolute
paths are not followed.
"""
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import lxml.etree
import lxml.html
import tinycss2

# Element, attribute; None is any element.
ATTRIBUTES = {
    "src": None, "poster": None, "background": None, "xlink:href": None,
    "{http://www.w3.org/1999/xlink}href": None, "data": {"object"},
    "href": {"a", "area", "link", "image", "use", "feimage", "pattern", "lineargradient", "radialgradient", "script",
             "textpath", "mpath"},
}
META = {"og:image", "og:image:url", "twitter:image", "twitter:image:src", "msapplication-tileimage", "og:audio", "og:video"}
URL_FUNCTIONS = {"url", "src"}


def of_css(tokens):
    previous = None
    for token in tokens:
        if token.type == "url":
            yield token.value
        elif token.type == "function":
            strings = [a.value for a in token.arguments if a.type == "string"]
            if token.lower_name in URL_FUNCTIONS or token.lower_name.endswith("image-set"):
                yield from strings
            yield from of_css(token.arguments)
        elif token.type == "string" and previous == "import":
            yield token.value
        elif token.type.endswith("block"):
            yield from of_css(token.content)
        if token.type not in ("whitespace", "comment"):
            previous = token.lower_value if token.type == "at-keyword" else None


def of_stylesheet(text):
    return of_css(tinycss2.parse_component_value_list(text))


def of_tree(root):
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.rsplit("}", 1)[-1].lower()
        for name, value in element.attrib.items():
            name = name.lower()
            if name in ATTRIBUTES and (ATTRIBUTES[name] is None or tag in ATTRIBUTES[name]):
                yield value
            elif name in ("srcset", "imagesrcset"):
                yield from (candidate.split()[0] for candidate in value.split(", ") if candidate.strip())
            elif name == "style" or "url(" in value:
                yield from of_stylesheet(value)
            elif name == "content" and {element.get("property", "").lower(), element.get("name", "").lower()} & META:
                yield value
        if tag == "style" and element.text:
            yield from of_stylesheet(element.text)


def references(kind, body):
    if kind == "text/html":
        # A page without a single element is no tree.
        if not body.strip():
            return []
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
        return list(of_tree(lxml.html.document_fromstring(body, parser=parser)))
    if kind == "image/svg+xml":
        return list(of_tree(lxml.etree.fromstring(body, lxml.etree.XMLParser(resolve_entities=False, huge_tree=True))))
    if kind == "text/css":
        return list(of_stylesheet(body.decode("utf-8", "replace")))
    if kind == "application/manifest+json":
        manifest = json.loads(body)
        return [entry["src"] for field in ("icons", "screenshots") for entry in manifest.get(field, [])]
    return []


def fetch(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, "", b""


def crawl(base, paths):
    known = {}
    waiting = [urllib.parse.urljoin(base, path) for path in paths]
    documents, followed, broken, unread = 0, 0, [], []
    seen = set(waiting)
    while waiting:
        document = waiting.pop()
        status, kind, body = fetch(document)
        known[document] = status
        if status != 200:
            broken.append([document, document, status])
            continue
        try:
            found = references(kind, body)
        except (lxml.etree.LxmlError, ValueError) as error:
            unread.append([document, str(error)])
            continue
        documents += bool(kind in ("text/html", "image/svg+xml", "text/css"))
        for reference in found:
            reference = reference.strip(" \t\r\n\f")
            if not reference or reference[0] in "#?/" or urllib.parse.urlsplit(reference).scheme:
                continue
            followed += 1
            url = urllib.parse.urldefrag(urllib.parse.urljoin(document, reference.replace("\n", ""))).url
            url = urllib.parse.quote(url, safe="%/:?=&+,;@!$'()*~[]")
            url = url.split("?")[0]
            if url not in known:
                known[url] = fetch(url)[0]
            if known[url] != 200:
                broken.append([document, reference, known[url]])
            elif url not in seen:
                seen.add(url)
                waiting.append(url)
    return {"documents": documents, "followed": followed, "broken": broken, "unread": unread}


if __name__ == "__main__":
    json.dump(crawl(sys.argv[1], [line.rstrip("\n") for line in sys.stdin if line.strip()]), sys.stdout)
