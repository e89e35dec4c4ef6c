from collections import Counter

import numpy as np

from distill.data.augmentation import chosen, join, run_of, split, without_some


def draws(count, seed=0):
    return [np.random.default_rng((seed, number)) for number in range(count)]


def test_a_text_is_its_words_joined_again():
    for text in ("It isn't  far, is it?", "很好 的电影 !", "one", ["a", "b"]):
        assert join(split(text), text) == text


def test_a_run_is_a_part_of_a_text_of_any_length_up_to_the_longest():
    words = split("one two three four five six")
    runs = [run_of(words, 4, draw) for draw in draws(400)]
    assert {len(run) for run in runs} == {1, 2, 3, 4}
    assert all("".join(run) in "".join(words) for run in runs)
    assert len({tuple(run) for run in runs}) == 6 + 5 + 4 + 3
    assert run_of(["one"], 5, draws(1)[0]) == ["one"]


def test_so_many_words_are_dropped_as_is_asked_and_never_all():
    words = [str(number) for number in range(20)]
    left = [without_some(words, 0.15, draw) for draw in draws(2000)]
    assert abs(np.mean([20 - len(each) for each in left]) - 20 * 0.15) < 0.15
    assert all(each == [word for word in words if word in set(each)] for each in left[:50])
    assert all(len(without_some(["a", "b"], 0.99, draw)) == 1 for draw in draws(50))
    assert without_some(["a"], 0.5, draws(1)[0]) == ["a"]


def test_chance_picks_a_word_at_least_and_each_alike():
    picked = [int(np.flatnonzero(chosen(list("abc"), 1e-9, draw))[0]) for draw in draws(900)]
    assert all(abs(count - 300) < 60 for count in Counter(picked).values())


def test_the_same_seed_drops_the_same_words():
    words = split("one two three four five six")
    assert [without_some(words, 0.3, draw) for draw in draws(9)] == [
        without_some(words, 0.3, draw) for draw in draws(9)
    ]
    assert [without_some(words, 0.3, draw) for draw in draws(9)] != [
        without_some(words, 0.3, draw) for draw in draws(9, 1)
    ]
