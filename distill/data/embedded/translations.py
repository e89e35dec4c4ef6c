"""The sample for translation: captions of pictures, German and English from one grammar that says both at once.

Order and endings differ as they do in the languages: the German verb stands second, or last in a clause; places stand
before objects; articles and adjectives follow gender, number and case.
"""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from distill.data.embedded.grammar import Row, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 21
_SIZES = {"train": 2000, "validation": 100, "test": 200}
_SHORTEST, _LONGEST = 6, 16
"""Words of a sentence, in either language."""


class _Pair(NamedTuple):
    german: str
    english: str


class _Noun(NamedTuple):
    german: str
    german_plural: str
    gender: str
    english: str
    english_plural: str


class _Verb(NamedTuple):
    german: str
    german_plural: str
    english: str


class _Phrase(NamedTuple):
    words: _Pair
    gender: str
    plural: bool


def _nouns(text: str) -> list[_Noun]:
    return [_Noun(*line.split()) for line in text.split(";")]


def _verbs(text: str) -> list[_Verb]:
    return [_Verb(*line.split()) for line in text.split(";")]


def _pairs(text: str) -> list[_Pair]:
    return [_Pair(*(side.strip() for side in line.split("="))) for line in text.split(";")]


_PEOPLE = _nouns(
    "Mann Männer m man men; Junge Jungen m boy boys; Arbeiter Arbeiter m worker workers; Frau Frauen f woman women; "
    "Tänzerin Tänzerinnen f dancer dancers; Mädchen Mädchen n girl girls; Kind Kinder n child children"
)
_ANIMALS = _nouns("Hund Hunde m dog dogs; Ente Enten f duck ducks; Kaninchen Kaninchen n rabbit rabbits")
_MOODS = _pairs("jung=young; fröhlich=cheerful; klein=little; groß=big; müde=tired")
_COLOURS = _pairs("rot=red; blau=blue; grün=green; weiß=white; gelb=yellow; schwarz=black")
# The plural is the dative one, the only one that clothes stand in.
_CLOTHES = _nouns(
    "Mantel Mänteln m coat coats; Hut Hüten m hat hats; Schal Schals m scarf scarves; "
    "Jacke Jacken f jacket jackets; Mütze Mützen f cap caps; "
    "Hemd Hemden n shirt shirts; Kleid Kleidern n dress dresses"
)
_THINGS = {
    noun.german: noun
    for noun in _nouns(
        "Ball - m ball -; Schirm - m umbrella -; Korb - m basket -; Apfel - m apple -; Tasche - f bag -; "
        "Blume - f flower -; Zeitung - f newspaper -; Buch - n book -; Bild - n picture -; Eis - n ice_cream -"
    )
}
_RESTS = _verbs(
    "sitzt sitzen sitting; steht stehen standing; schläft schlafen sleeping; rennt rennen running; spielt spielen "
    "playing"
)
_ACTS = [*_RESTS, *_verbs("tanzt tanzen dancing; wartet warten waiting; lacht lachen laughing")]
_DEEDS = [
    (_verbs("liest lesen reading")[0], "Zeitung Buch"),
    (_verbs("hält halten holding")[0], "Ball Schirm Korb Tasche Blume Bild"),
    (_verbs("kauft kaufen buying")[0], "Schirm Korb Apfel Blume Eis Zeitung"),
    (_verbs("isst essen eating")[0], "Apfel Eis"),
    (_verbs("malt malen painting")[0], "Blume Bild Apfel"),
]
_COLOURED = {"Ball", "Schirm", "Korb", "Apfel", "Tasche", "Blume", "Buch"}
_PLACES = _pairs(
    "im Park=in the park; im Garten=in the garden; am Strand=at the beach; am Bahnhof=at the station; "
    "auf dem Hof=in the yard; am Fluss=by the river; "
    "auf der Straße=on the street; auf einer Wiese=in a meadow; auf dem Markt=at the market; vor einem Haus="
    "in front of a house; neben einem Baum=next to a tree; unter einer Brücke=under a bridge"
)
_NUMBERS = _pairs("zwei=two; drei=three")

_ENDINGS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "nominative": {"m": ("ein", "er"), "f": ("eine", "e"), "n": ("ein", "es"), "plural": ("", "e")},
    "accusative": {"m": ("einen", "en"), "f": ("eine", "e"), "n": ("ein", "es"), "plural": ("", "e")},
    "dative": {"m": ("einem", "en"), "f": ("einer", "en"), "n": ("einem", "en"), "plural": ("", "en")},
}
"""By case and gender: the article, and the ending of an adjective after it."""


def sample() -> dict[str, "Dataset"]:
    """Return the sample for translation: columns ``source`` (German) and ``target`` (English).

    The same rows on every call and machine; the splits share words, and no sentence of either language stands twice.
    """
    return tabled(_splits(), {"source": "string", "target": "string"})


def _splits() -> dict[str, list[Row]]:
    return deal(lambda random, _: _caption(random), ("source",), _SIZES, _SEED)


def _caption(random: Random) -> Row:
    while True:
        german, english = random.choices((_plain, _fronted, _wearing, _twofold), (4, 3, 2, 2))[0](random)
        if all(_SHORTEST <= len(text.split()) <= _LONGEST for text in (german, english)):
            return {"source": f"{german[0].upper()}{german[1:]}.", "target": f"{sentence(english)}."}


def _plain(random: Random) -> _Pair:
    """Subject, verb, place and object; the English place comes last."""
    person = random.random() < 0.8
    subject = _dressed(random) if person else _subject(random, _ANIMALS)
    verb, thing = _action(random, subject, person)
    place = random.choice(_PLACES)
    return _joined(
        (subject.words.german, verb.german, place.german, thing.german),
        (subject.words.english, verb.english, thing.english, place.english),
    )


def _fronted(random: Random) -> _Pair:
    """The place first, which puts the German subject behind the verb."""
    person = random.random() < 0.8
    subject = _dressed(random) if person else _subject(random, _ANIMALS)
    verb, thing = _action(random, subject, person)
    place = random.choice(_PLACES)
    return _joined(
        (place.german, verb.german, subject.words.german, thing.german),
        (f"{place.english},", subject.words.english, verb.english, thing.english),
    )


def _wearing(random: Random) -> _Pair:
    """A relative clause, whose German verb comes last."""
    subject = _subject(random, _PEOPLE)
    verb, thing = _action(random, subject, True)
    worn = _counted(random.choice(_CLOTHES), "accusative", random.choice(_COLOURS)).words
    who = "die" if subject.plural else {"m": "der", "f": "die", "n": "das"}[subject.gender]
    wears, wearing = ("tragen", "are wearing") if subject.plural else ("trägt", "is wearing")
    return _joined(
        (f"{subject.words.german},", who, worn.german, f"{wears},", verb.german, thing.german),
        (subject.words.english, "who", wearing, worn.english, verb.english, thing.english),
    )


def _twofold(random: Random) -> _Pair:
    """Two at once; the German verb of the clause comes last."""
    first, second = _subject(random, _PEOPLE), _subject(random, [*_PEOPLE, *_ANIMALS])
    verb, thing = _action(random, first, True)
    other = _inflected(random.choice(_RESTS), second)
    place = random.choice([*_PLACES, _Pair("", "")])
    main = _joined((first.words.german, verb.german, thing.german), (first.words.english, verb.english, thing.english))
    clause = _joined(
        (second.words.german, place.german, other.german), (second.words.english, other.english, place.english)
    )
    return _Pair(f"{main.german}, während {clause.german}", f"{main.english} while {clause.english}")


def _dressed(random: Random) -> _Phrase:
    subject = _subject(random, _PEOPLE)
    if random.random() < 0.4:
        return subject
    worn = _counted(random.choice(_CLOTHES), "dative", random.choice(_COLOURS), plural=subject.plural).words
    words = _Pair(f"{subject.words.german} in {worn.german}", f"{subject.words.english} in {worn.english}")
    return subject._replace(words=words)


def _subject(random: Random, nouns: list[_Noun]) -> _Phrase:
    noun = random.choice(nouns)
    mood = random.choice(_MOODS) if random.random() < 0.7 else None
    if random.random() < 0.7:
        return _counted(noun, "nominative", mood)
    number, many = random.choice(_NUMBERS), _counted(noun, "nominative", mood, plural=True)
    return many._replace(words=_joined((number.german, many.words.german), (number.english, many.words.english)))


def _counted(noun: _Noun, case: str, adjective: _Pair | None = None, plural: bool = False) -> _Phrase:
    """One of a noun with its article, or several without."""
    article, ending = _ENDINGS[case]["plural" if plural else noun.gender]
    german, english = (noun.german_plural, noun.english_plural) if plural else (noun.german, noun.english)
    inflected = f"{adjective.german.removesuffix('e')}{ending}" if adjective else ""
    words = _joined(
        (article, inflected, german), ("" if plural else "a", adjective.english if adjective else "", english)
    )
    return _Phrase(words, noun.gender, plural)


def _action(random: Random, subject: _Phrase, person: bool) -> tuple[_Pair, _Pair]:
    """A verb, and what it is done to, if anything."""
    if not person or random.random() < 0.4:
        return _inflected(random.choice(_ACTS if person else _RESTS), subject), _Pair("", "")
    verb, names = random.choice(_DEEDS)
    name = random.choice(names.split())
    colour = random.choice(_COLOURS) if name in _COLOURED and random.random() < 0.6 else None
    return _inflected(verb, subject), _counted(_THINGS[name], "accusative", colour).words


def _inflected(verb: _Verb, subject: _Phrase) -> _Pair:
    if subject.plural:
        return _Pair(verb.german_plural, f"are {verb.english}")
    return _Pair(verb.german, f"is {verb.english}")


def _joined(german: tuple[str, ...], english: tuple[str, ...]) -> _Pair:
    return _Pair(*(" ".join(filter(None, side)).replace("_", " ") for side in (german, english)))
