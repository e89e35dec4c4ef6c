from distill.config.pretrain import PretrainTermsConfig
from distill.objective.settings import active
from distill.stages.pretraining_teacher import terms_config


def test_the_terms_have_the_weights_of_distilbert_and_no_other_has_one():
    weights = {name: term.weight for name, term in active(terms_config(PretrainTermsConfig())).items()}
    assert weights == {"hard": 2.0, "soft": 5.0, "hidden_cosine": 1.0}
    without_states = terms_config(PretrainTermsConfig(temperature=4.0, hidden_cosine=0.0))
    assert sorted(active(without_states)) == ["hard", "soft"]
    assert without_states.temperature == 4.0
