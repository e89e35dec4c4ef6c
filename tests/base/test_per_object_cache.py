import gc
import weakref

from distill.base.per_object_cache import cached_method, computed_once


class Owner:
    def __init__(self):
        self.calls = []

    @cached_method
    def doubled(self, number):
        """Twice the number."""
        self.calls.append(number)
        return [2 * number]


def test_a_result_is_computed_once_for_each_argument_of_each_object():
    one, other = Owner(), Owner()
    assert one.doubled(2) is one.doubled(2)
    assert (one.doubled(3), other.doubled(2)) == ([6], [4])
    assert (one.calls, other.calls) == ([2, 3], [2])
    assert Owner.doubled.__doc__ == "Twice the number."


def test_none_and_false_are_results_too():
    owner, made = Owner(), []
    for _ in range(2):
        assert computed_once(owner, "key", lambda: made.append(1)) is None
    assert made == [1]


def test_results_go_with_their_object():
    owner = Owner()
    gone = weakref.ref(computed_once(owner, "key", Owner))
    del owner
    gc.collect()
    assert gone() is None
