"""Small Chinese data sets of the tasks, made of templates, and rows to ask a finished student."""
# ruff: noqa: RUF001 - Chinese has a comma and a question mark of its own

import json
import random
from itertools import product

PEOPLE = ("张伟", "王芳", "李娜", "刘洋", "陈静", "杨帆")
PLACES = ("北京", "上海", "广州", "成都", "哈尔滨")
FIRMS = ("东方银行", "长江大学", "华夏医院")
GOODS = ("手机", "电影", "小说", "饭店", "相机")
OPINIONS = {"好评": ("非常好，我很喜欢", "质量不错，值得推荐"), "差评": ("太差了，我很失望", "质量不好，不值得买")}
ACTIONS = {"isst einen Apfel": "吃苹果", "liest ein Buch": "看书", "spielt Fußball": "踢足球", "trinkt Tee": "喝茶"}
WHO = {"Ein Mann": "一个男人", "Eine Frau": "一个女人", "Ein Kind": "一个孩子", "Der Lehrer": "老师"}
WHERE = {"im Park": "在公园里", "zu Hause": "在家里", "in der Stadt": "在城里", "am Fluss": "在河边"}
ALPHABET = "".join((*PEOPLE, *PLACES, *FIRMS, *ACTIONS.values(), *WHO.values(), *WHERE.values(), "我他从来，在工作。"))
"""Every character of the targets."""
LONG = "他小时候常常跟着祖父去河边钓鱼，后来离开家乡读书。"


def reviews():
    return [
        {"评论": f"这家店的{goods}{opinion}，{place}的朋友也这么说。", "标签": label}
        for goods, place, (label, opinions) in product(GOODS, PLACES, OPINIONS.items())
        for opinion in opinions
    ]


def entities():
    """Characters one by one, and every other sentence in words."""
    rows = []
    for number, (person, place) in enumerate(product(PEOPLE, PLACES * 2)):
        parts = [(person, "人名"), ("昨天", None), ("从", None), (place, "地名"), ("出发", None), ("。", None)]
        tokens, tags = [], []
        for text, kind in parts:
            pieces = list(text) if number % 2 else [text]
            tokens += pieces
            tags += [f"{'I' if place else 'B'}-{kind}" if kind else "O" for place in range(len(pieces))]
        rows.append({"tokens": tokens, "ner_tags": tags})
    return rows


def relations():
    rows = []
    for person, place, firm in product(PEOPLE, PLACES[:3], FIRMS):
        rows += [
            {"sentence": f"<e1>{person}</e1>出生在<e2>{place}</e2>。{LONG}", "label": "出生地(e1,e2)"},
            {"sentence": f"{LONG}<e1>{firm}</e1>聘请了<e2>{person}</e2>。", "label": "工作单位(e2,e1)"},
            {"sentence": f"<e1>{person}</e1>和<e2>{firm}</e2>没有关系。", "label": "Other"},
        ]
    return rows


def passages():
    rows = []
    for number, (person, place, firm) in enumerate(product(PEOPLE, PLACES, FIRMS)):
        context = f"{person}于{1950 + number}年出生在{place}。{LONG}现在{person}在{firm}工作。"
        question, answer = ((f"{person}出生在哪里？", place), (f"{person}在哪里工作？", firm))[number % 2]
        answers = {"text": [answer], "answer_start": [context.rindex(answer)]}
        rows.append({"context": context, "question": question, "answers": answers})
    return rows


def translations():
    return [
        {"source": f"{who} {verb} {where} .", "target": f"{WHO[who]}{WHERE[where]}{ACTIONS[verb]}。"}
        for who, verb, where in product(WHO, ACTIONS, WHERE)
    ]


def summaries():
    rows = []
    for person, place, firm in product(PEOPLE, PLACES, FIRMS):
        source = f"{person}出生在{place}。{LONG}现在{person}在{firm}工作，每个周末都回{place}看望父母。"
        rows.append({"source": source, "targets": [f"他在{firm}工作。", f"{person}在{firm}上班。"]})
    return rows


def dialogues():
    return [
        {"turns": ["你好，请问你叫什么名字？", f"我叫{person}。", "你从哪里来？", f"我从{place}来，在{firm}工作。"]}
        for person, place, firm in product(PEOPLE, PLACES, FIRMS)
    ]


def written(folder, rows, ending="jsonl"):
    """Split files in ``folder``: a fifth of the rows for validation, a fifth for test."""
    folder.mkdir(parents=True)
    mixed = random.Random(5).sample(rows, len(rows))  # noqa: S311 - no secret
    fifth = len(rows) // 5
    parts = {"train": mixed[2 * fifth :], "dev": mixed[:fifth], "test": mixed[fifth : 2 * fifth]}
    for name, part in parts.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in part]
        if ending == "tsv":
            lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in part)]
        (folder / f"{name}.{ending}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
