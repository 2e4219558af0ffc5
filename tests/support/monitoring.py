#!/usr/bin/python3
"""What monitoring systems make of relaywatch, for tests/process/metrics.sh:

    monitoring.py parse FORM FILE        the samples that the reference parser finds; FORM is text or openmetrics
    monitoring.py monotone BEFORE AFTER  totals of postfix_* and relaywatch_* that went back or away (classic text)
    monitoring.py query URL EXPRESSION   what Prometheus answers: "VALUE" or "NAME=VALUE ..." by its one label
    monitoring.py boards URL FILE...     each query of Grafana dashboards that fails or finds nothing
    monitoring.py zabbix FILE DOCUMENT   what is wrong with the template, its JSONPath tried on the document
"""
import json
import re
import sys
import urllib.parse
import urllib.request

import yaml


def ask(url, expression):
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]


def number(text):
    value = float(text)
    return str(int(value)) if value == int(value) else f"{value:.6g}"


def parse(form, path):
    if form == "openmetrics":
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
    else:
        from prometheus_client.parser import text_string_to_metric_families as families
    count = 0
    with open(path, encoding="utf-8") as text:
        for family in families(text.read()):
            for sample in family.samples:
                # OpenMetrics writes bounds of buckets as 1.0.
                labels = ",".join(f"{k}={float(v) if k == 'le' else v}" for k, v in sorted(sample.labels.items()))
                print(f"{sample.name}{{{labels}}}")
                count += 1
    if count == 0:
        print("nothing")


def totals(path):
    with open(path, encoding="utf-8") as text:
        found = re.findall(r"^((?:postfix|relaywatch)_\w+(?:_total|_sum|_count|_bucket)(?:\{.*\})?) (\S+)$", text.read(), re.M)
    # Those of the queue are of now, those of sources and HTTP are since the start.
    return {k: float(v) for k, v in found if not re.match("postfix_showq_|relaywatch_(source|http)_", k)}


def monotone(before, after):
    old, new = totals(before), totals(after)
    for name, value in old.items():
        if new.get(name, -1) < value:
            print(f"{name} {value} -> {new.get(name)}")
    if len(old) < 50:
        print(f"only {len(old)} totals")


def query(url, expression):
    result = ask(url, expression)
    if isinstance(result, str):
        print(result)
        return
    words = []
    for series in result:
        labels = [v for k, v in series["metric"].items() if k not in ("__name__", "instance", "job")]
        words.append("=".join(labels + [number(series["value"][1])]))
    print(" ".join(sorted(words)))


def boards(url, *paths):
    for path in paths:
        with open(path, encoding="utf-8") as text:
            board = json.load(text)
        values = {"$__rate_interval": "1m"}
        for variable in board["templating"]["list"]:
            found = re.match(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]) if variable["type"] == "query" else None
            if found:
                labels = {series["metric"][found[2]] for series in ask(url, found[1])}
                values["$" + variable["name"]] = labels.pop() if labels else "none"
        count = 0
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"]
                for name, value in values.items():
                    expression = expression.replace(name, value)
                result = ask(url, expression)
                count += 1
                if isinstance(result, str) or not result:
                    print(f"{board['title']}, {panel['title']}: {expression}: {result or 'nothing'}")
                elif any(series["value"][1] == "NaN" for series in result) and "quantile" not in expression:
                    print(f"{board['title']}, {panel['title']}: {expression}: NaN")
        if count < 10:
            print(f"{path}: only {count} queries")


def walk(path, document):
    """The few forms of JSONPath that the template uses."""
    path = re.sub(r"\.(sum|max)\(\)$", "", path)
    found = [document]
    for name, names, every in re.findall(r'\.(\w+)|\[((?:"\w+",?)+)\]|\[(\*|\d+)\]', path):
        if name:
            found = [item[name] for item in found]
        elif names:
            found = [item[n.strip('"')] for item in found for n in names.split(",")]
        else:
            found = [item for many in found for item in (many if every == "*" else many[int(every):int(every) + 1])]
    return found


def zabbix(path, document_path):
    with open(path, encoding="utf-8") as text:
        export = yaml.safe_load(text)["zabbix_export"]
    with open(document_path, encoding="utf-8") as text:
        document = json.load(text)
    template = export["templates"][0]
    keys = {item["key"] for item in template["items"]}
    uuids = re.findall(r"uuid: (\S+)", open(path, encoding="utf-8").read())
    if export["version"] != "6.0" or len(keys) != len(template["items"]) or len(set(uuids)) != len(uuids):
        print("version, keys or uuids")
    for uuid in uuids[1:]: # the first is Zabbix' own
        if not re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", uuid):
            print(f"not a UUID of version 4: {uuid}")
    for item in template["items"]:
        for trigger in item.get("triggers", []):
            if f"/{template['template']}/{item['key']}" not in trigger["expression"]:
                print(f"{trigger['name']}: {trigger['expression']}")
        if item["type"] != "DEPENDENT":
            continue
        if item["master_item"]["key"] not in keys:
            print(f"{item['key']}: no master")
        step = item["preprocessing"][0]
        try:
            found = walk(step["parameters"][0], document)
        except (KeyError, TypeError) as error:
            found = f"{error}"
        if isinstance(found, str) or (not found and "error_handler" not in step):
            print(f"{item['key']}: {step['parameters'][0]}: {found or 'nothing'}")


if __name__ == "__main__":
    {"parse": parse, "monotone": monotone, "query": query, "boards": boards, "zabbix": zabbix}[sys.argv[1]](*sys.argv[2:])
