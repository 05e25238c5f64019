"""Chinese shows: every character of our texts is in the bundled font, and figures are drawn with it, and only they."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import matplotlib
import pytest
from fontTools.ttLib import TTFont
from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.text import Text as Drawn

from sparksim.core.language import shown_in
from sparksim.lab.words import lab_words
from sparksim.sim.sweep import SweepTable
from sparksim.trace.delivery import Delivery
from sparksim.viz import delivery_figure, query_figure, timeline_figure, use_chinese_font
from sparksim.viz.figure_words import figure_words
from sparksim.viz.fonts import FAMILY
from sparksim.viz.lettering import letters, shortened
from sparksim.viz.streaming_words import streaming_words
from sparksim.viz.sweeps import sweep_figure
from tests.sim.test_sweep import simulation, swept
from tests.trace.queries import windowed_count
from tests.viz.test_delivery import story
from tests.viz.test_look_back import windows
from tests.viz.test_state_strip import story as story_of_keys
from tests.viz.word_count import WordCount
from tools.fonts import FIGURE_FONT, NAME, PAGE_FONT, PAGE_TEXTS, TEXTS, chinese_in

TRACE = WordCount().trace()


def sweep_table() -> SweepTable:
    return swept(simulation(), rate=[20, 100], cores=[2, 3])


FIGURES: dict[str, Callable[[str], Figure]] = {
    "timeline": lambda lang: timeline_figure(TRACE, lang=lang),
    "narrow timeline": lambda lang: timeline_figure(TRACE, width=7, lang=lang),
    "delivery": lambda lang: delivery_figure(Delivery(story(10)), lang=lang),
    "delivery of many": lambda lang: delivery_figure(Delivery(story(1000)), width=8, lang=lang),
    "states": lambda lang: story_of_keys().state_figure(lang=lang),
    "windows": lambda lang: windows().window_figure(lang=lang),
    "query": lambda lang: query_figure(windowed_count().trace(), lang=lang),
    "sweep": lambda lang: sweep_table().figure(lang=lang),
}


def texts(figure: Figure) -> list[str]:
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Drawn) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize(("font", "where"), [(FIGURE_FONT, TEXTS), (PAGE_FONT, PAGE_TEXTS)], ids=["figures", "pages"])
def test_every_character_of_our_texts_is_in_the_font(font: object, where: tuple[str, ...]) -> None:
    known = {chr(code) for code in TTFont(font).getBestCmap()}
    missing = sorted(chinese_in(where) - known)
    assert not missing, f"{''.join(missing)} is missing: run make fonts"


def test_the_font_for_figures_has_what_learners_write_and_the_one_for_pages_is_small() -> None:
    known = TTFont(FIGURE_FONT).getBestCmap()
    assert len(known) > 4000
    assert all(ord(letter) in known for letter in "我的图表：每秒单词数（个）abc 123")
    assert PAGE_FONT.stat().st_size < 100_000
    assert {TTFont(font)["name"].getDebugName(1) for font in (FIGURE_FONT, PAGE_FONT)} == {NAME} == {FAMILY}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_figure_in_chinese_lacks_no_letter_and_says_nothing_in_english(
    draw: Callable[[str], Figure], caplog: pytest.LogCaptureFixture
) -> None:
    before = list(matplotlib.rcParams["font.family"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chinese = texts(draw("zh"))
    assert caplog.records == []
    assert matplotlib.rcParams["font.family"] == before
    ours = {text for text in figure_words("en").values() if " " in text and "{" not in text}
    assert ours.isdisjoint(chinese)
    assert sum(any(letter > "\u3000" for letter in text) for text in chinese) >= 2
    assert all(letter < "\u3000" for text in texts(draw("en")) for letter in text)


def test_a_figure_follows_the_set_language() -> None:
    with shown_in("zh"):
        assert timeline_figure(TRACE).texts[0].get_text() == "word count，运行于 sim[3,2]，种子 7"
        assert timeline_figure(TRACE, lang="en").texts[0].get_text() == "word count on sim[3,2], seed 7"


@pytest.mark.parametrize(
    "draw",
    [
        lambda: timeline_figure(TRACE, lang="fr"),
        lambda: delivery_figure(Delivery(story(10)), lang="fr"),
        lambda: sweep_figure(sweep_table(), ["rate"], lang="fr"),
    ],
)
def test_a_language_that_there_is_not_is_refused(draw: Callable[[], Figure]) -> None:
    with pytest.raises(ValueError, match=r"^lang='fr': there are texts in 'en' and 'zh'; give one of these$"):
        draw()


def test_a_learners_own_plot_shows_chinese_when_asked_to() -> None:
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        use_chinese_font()
        use_chinese_font()
        assert matplotlib.rcParams["font.family"].count(FAMILY) == 1
        figure, axes = pyplot.subplots()
        axes.plot([-1, 2])
        axes.set_title("每个批次的延迟", weight="bold")
        figure.canvas.draw()
        pyplot.close(figure)


@pytest.mark.parametrize("words", [figure_words, streaming_words, lab_words])
def test_both_languages_have_places_for_the_same_values(words: Callable[[str], dict[str, str]]) -> None:
    english, chinese = words("en"), words("zh")
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_a_chinese_letter_is_wider_and_a_text_is_cut_where_its_room_ends() -> None:
    assert letters("batch") == 5
    assert letters("批次 8") == 5.5
    assert shortened("批次 8", 5.5) == "批次 8"
    assert shortened("批次失败", 4.6) == "批次…"
