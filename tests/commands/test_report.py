"""The report: every number from the stored results, every picture there, readable on a phone."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bioplastic.cli import main
from bioplastic.commands.report import TABLE_FILES, write_report
from bioplastic.commands.report.page import make_page
from bioplastic.commands.report.pictures import describe_picture, group_pictures, picture_size
from bioplastic.commands.report.readme import make_table, replace_table, replace_tables
from bioplastic.commands.report.rows import ROWS, Row
from bioplastic.commands.report.systems import SYSTEMS
from bioplastic.commands.report.texts import describe_seeds, fill_template
from bioplastic.plotting import new_figure, save_figure
from bioplastic.study.results import Results, load_numbers, save_results

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "figures"
PROBE = """
<script>
addEventListener("load", () => {
  const images = [...document.images];
  const page = document.documentElement;
  parent.postMessage({
    images: images.length,
    broken: images.filter(i => !(i.complete && i.naturalWidth)).map(i => i.getAttribute("src")),
    wrong: images.filter(i => i.naturalWidth != i.getAttribute("width")
                           || i.naturalHeight != i.getAttribute("height")).length,
    silent: images.filter(i => !i.alt).length,
    room: page.clientWidth, taken: page.scrollWidth,
    wide: [...document.querySelectorAll("body *")].filter(
      e => !e.closest(".table") && e.getBoundingClientRect().right > page.clientWidth + 1
    ).map(e => e.tagName + " " + e.textContent.slice(0, 40)),
    dead: [...document.querySelectorAll('a[href^="#"]')].filter(
      a => !document.getElementById(a.getAttribute("href").slice(1))).length,
  }, "*");
});
</script>
"""
FRAME = """<!DOCTYPE html><html><body>
<script>addEventListener("message", event => {{
  const found = document.createElement("pre");
  found.className = "found";
  found.textContent = JSON.stringify(event.data);
  document.body.append(found);
}});</script>
{frames}
</body></html>"""
IFRAME = '<iframe src="probe.html" style="width:{}px;height:800px;border:0"></iframe>'


class _Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.images: list[dict[str, str]] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "img":
            self.images.append(found)
        if "href" in found:
            self.links.append(found["href"])

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder with results and pictures of two experiments, one of them in no row."""
    results = Results(
        experiment="demo",
        reference="Somebody & Co <2020>, doi 10.1000/abc.1",
        scale="quick",
        data="digits",
        metrics={"accuracy": 0.875, "accuracy_std": 0.01, "spikes": 17.25},
        baselines={"chance": 0.1},
        paper={"accuracy": 0.9},
        parameters={"seeds": 3},
    )
    out = tmp_path / "figures"
    save_results(results, out)
    save_results(Results(experiment="lonely", scale="smoke", metrics={"rate": 2.0}), out)
    (out / "benchmarks.json").write_text('{"unit": "ms"}')  # no results of an experiment
    for name in ("demo_raster", "demo_a & b", "speed"):
        save_figure(new_figure(2.0, 1.0), out / f"{name}.png", dpi=50)
    return out


ROWS_OF_THE_TEST = (
    Row("demo", "demo --seeds 3", "{accuracy:%}", "chance {baselines.chance:%}", paper="Somebody"),
)


# ---- the table of the README ---------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLE_FILES)
def test_tables_say_what_the_stored_results_say(name):
    text = (ROOT / name).read_text("utf-8")
    assert replace_tables(text, FIGURES) == text, (
        f"the table of {name} differs from the results in figures/: add rows to "
        "bioplastic/commands/report/rows.py and run `bioplastic report --readme`"
    )


def test_a_changed_number_changes_the_readme(tmp_path):
    for row in ROWS:
        text = (FIGURES / f"{row.results}.json").read_text("utf-8")
        if row.results == "sym_stdp":
            content = json.loads(text)
            content["metrics"]["accuracy_supervised"] = 0.1234
            text = json.dumps(content)
        (tmp_path / f"{row.results}.json").write_text(text, "utf-8")
    assert "12.3 %" in make_table(tmp_path)
    assert "12.3 %" not in make_table(FIGURES)


def test_a_row_of_another_scale_stays_as_it_was(folder):
    rows = (Row("demo", "demo --scale paper", "{accuracy:%}", ""), Row("absent", "absent", "", ""))
    for row in rows:
        with pytest.raises((ValueError, FileNotFoundError), match=r"must be of scale paper|absent"):
            make_table(folder, [row])
    old = "| x | `demo --scale paper` | 0 | 99.0 % | y |\n| | `absent` | 1 | 2 | 3 |"
    assert make_table(folder, rows, old=old).endswith(old)


@pytest.mark.parametrize("row", [*ROWS, *SYSTEMS], ids=lambda row: row.results)
def test_rows_quote_numbers_and_do_not_type_them(row):
    results = load_numbers(FIGURES / f"{row.results}.json")
    typed = set(re.findall(r"\d+\.\d+", re.sub(r"\{[^}]*\}", "", row.measured)))
    assert typed == set()
    assert fill_template(row.measured, results)
    assert describe_seeds(row, results)
    assert row.command.split()[0] == results.experiment


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a:%}", "50.0 ± 1.0 %"),
        ("{b:%} and {b:.2f}", "25.0 % and 0.25"),
        ("{a:.1f}, {a:.3f only}", "0.5 ± 0.0, 0.500"),
        ("{baselines.c:%}", "10.0 %"),
        ("{paper.a:.2f} × 2", "0.75 × 2"),
    ],
)
def test_templates(template, text):
    results = Results(
        metrics={"a": 0.5, "a_std": 0.01, "b": 0.25},
        baselines={"c": 0.1, "c_std": 0.2},
        paper={"a": 0.75},
    )
    assert fill_template(template, results) == text


@pytest.mark.parametrize("template", ["{x:%}", "{a}", "{a:d}", "{a:%", "{paper.a:%}"])
def test_wrong_templates_are_refused(template):
    with pytest.raises(ValueError, match=r"demo: "):
        fill_template(template, Results(experiment="demo", metrics={"a": 0.5}))


def test_readme_without_markers_is_left_alone():
    for text in ("nothing", "<!-- reproduction table: start -->"):
        with pytest.raises(ValueError, match="the text must hold"):
            replace_table(text, "table")


def test_command_writes_page_and_table(folder, tmp_path, monkeypatch, capsys):
    readme = tmp_path / "README.md"
    block = "<!-- reproduction table: {} -->"
    readme.write_text(f"before\n{block.format('start')}\nold\n{block.format('end')}\nafter\n")
    monkeypatch.setattr(
        "bioplastic.commands.report.readme.make_table", lambda out, rows, old, short: "new"
    )
    assert main(["report", "--out", str(folder), "--readme", str(readme)], {}) == 0
    assert (folder / "index.html").exists()
    assert readme.read_text().splitlines()[2] == "new"
    readme.write_text("no markers")
    assert main(["report", "--out", str(folder), "--readme", str(readme)], {}) == 1
    assert "the text must hold" in capsys.readouterr().err
    (folder / "demo.json").write_text('{"experiment": ')
    assert main(["report", "--out", str(folder)], {}) == 1
    assert "demo.json: damaged or no JSON" in capsys.readouterr().err


# ---- the page ------------------------------------------------------------------------------------


def test_page_shows_paper_command_numbers_and_pictures(folder):
    text = make_page(folder, str.title, ROWS_OF_THE_TEST)
    page = _Page(text)
    for part in (
        "Demo",
        "Somebody & Co <2020>",
        "bioplastic run demo --seeds 3",
        "87.5 ± 1.0 %",
        "90.0 %",
        "chance 10.0 %",
        "Seed 0 to 2",
        "bioplastic run lonely --scale smoke",
    ):
        assert part in page.text
    assert [image["src"] for image in page.images] == (
        ["demo_a%20%26%20b.png", "demo_raster.png", "speed.png"]
    )
    assert page.images[1]["alt"] == "Raster (demo)"
    assert (page.images[0]["width"], page.images[0]["height"]) == ("100", "50")
    assert "https://doi.org/10.1000/abc.1" in page.links
    assert "benchmarks" not in page.text


def test_nothing_that_is_shown_is_markup(folder):
    evil = "\"'><script>alert(1)</script>&{{ 7 * 7 }}"
    path = folder / "lonely.json"
    content = json.loads(path.read_text("utf-8"))
    content |= dict.fromkeys(("experiment", "scale", "data", "revision"), evil)
    content |= {"reference": f"doi 10.1/{evil}", "versions": {"brian2": evil, "bioplastic": evil}}
    content["parameters"] = {"n_hidden": evil, "variant": evil}
    path.write_text(json.dumps(content), "utf-8")
    name = evil.replace("/", "")
    for old in (path, folder / "lonely.npz", folder / "speed.png"):
        old.rename(old.with_stem(f"{name}{old.stem}"))
    page = _Page(make_page(folder, lambda experiment: experiment, ROWS_OF_THE_TEST))
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.text.count(f"bioplastic {evil}, Brian2 {evil}") == 1
    assert f"{name}lonely.json" in page.text
    assert f"#{evil}" in page.links
    assert f"https://doi.org/10.1/{evil.split(' ')[0]}" in page.links


def test_page_needs_nothing_beside_the_folder(folder):
    text = make_page(folder, str.title, ROWS_OF_THE_TEST)
    page = _Page(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"@import|url\(", text)
    assert all((folder / link).exists() for link in page.links if link.endswith(".json"))
    assert [link for link in page.links if link.startswith("http")] == (
        ["https://doi.org/10.1000/abc.1"]
    )


def test_every_picture_belongs_to_the_longest_name():
    paths = [Path(f"{name}.png") for name in ("a_x", "a_b_x", "ab_x", "a")]
    groups = group_pictures(paths, ["a", "a_b"])
    assert {name: [p.stem for p in found] for name, found in groups.items()} == (
        {"a": ["a_x"], "a_b": ["a_b_x"], "": ["a", "ab_x"]}
    )


def test_every_committed_picture_is_described():
    names = [path.stem for path in FIGURES.glob("*.json")]
    for name, pictures in group_pictures(FIGURES.glob("*.png"), names).items():
        texts = [describe_picture(path, name) for path in pictures]
        assert all(texts)
        assert len(set(texts)) == len(texts)
        assert all(min(picture_size(path)) > 100 for path in pictures)


def test_a_picture_that_is_none_is_named(folder):
    assert picture_size(folder / "speed.png") == (100, 50)
    (folder / "speed.png").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"speed\.png: must be a PNG file"):
        make_page(folder, str.title, ROWS_OF_THE_TEST)


# ---- in a browser --------------------------------------------------------------------------------


def _probe(browse, page: Path, *widths: int) -> list[dict]:
    """Open a page in frames of some widths and return what a script finds in each."""
    text = page.read_text("utf-8").replace("</body>", f"{PROBE}</body>")
    page.with_name("probe.html").write_text(text, "utf-8")
    frame = page.with_name("frame.html")
    frame.write_text(FRAME.format(frames="\n".join(IFRAME.format(width) for width in widths)))
    found = re.findall(r'<pre class="found">(.*?)</pre>', browse(frame, "--dump-dom"), re.DOTALL)
    assert len(found) == len(widths), "the page did not load"
    return sorted((json.loads(html.unescape(text)) for text in found), key=lambda f: f["room"])


def test_page_in_a_browser(browse, tmp_path):
    """All pictures load, nothing is wider than the screen: on a phone, on a desk."""
    out = tmp_path / "figures"
    out.mkdir()
    for path in [*FIGURES.glob("*.png"), *FIGURES.glob("*.json")]:
        (out / path.name).symlink_to(path)
    both = _probe(browse, write_report(out), 360, 1100)
    assert [found["room"] for found in both] == [360, 1100]
    for found in both:
        assert found["images"] == len(list(FIGURES.glob("*.png")))
        assert found["broken"] == []
        assert (found["wrong"], found["silent"], found["dead"]) == (0, 0, 0)
        assert found["taken"] <= found["room"]
        assert found["wide"] == []


def test_a_broken_or_wide_page_is_noticed(browse, folder):
    page = folder / "index.html"
    text = make_page(folder, str.title, ROWS_OF_THE_TEST)
    wide = '<p style="width:900px">wide</p></body>'
    page.write_text(text.replace("speed.png", "absent.png").replace("</body>", wide), "utf-8")
    (found,) = _probe(browse, page, 360)
    assert found["broken"] == ["absent.png"]
    assert found["taken"] >= 900
    assert found["wide"] == ["P wide"]
