"""Checks the files for Kubeflow Trainer against the schemas of its custom resources.

    pip install pyyaml jsonschema
    python tools/mpi/validate-deploy.py TRAINER/manifests/base/crds

TRAINER is a clone of kubeflow/trainer. Also checks that a misspelt field is refused, since a schema without
`additionalProperties: false` accepts it.
"""

import copy
import pathlib
import sys

import jsonschema
import yaml

DEPLOY = pathlib.Path(__file__).parents[2] / "packages/mpi/deploy"
FILES = {
    "kubeflow-runtime.yaml": "trainer.kubeflow.org_clustertrainingruntimes.yaml",
    "kubeflow-job.yaml": "trainer.kubeflow.org_trainjobs.yaml",
}


def closed(schema):
    """Returns the schema with every object closed, as Kubernetes prunes unknown fields."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(part) for key, part in schema.items() if key != "x-kubernetes-int-or-string"}
    if "properties" in schema and "additionalProperties" not in schema:
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "metadata" not in schema["properties"]:
            out["additionalProperties"] = False
    return out


failed = False
for name, crd in FILES.items():
    resource = yaml.safe_load((DEPLOY / name).read_text())
    versions = yaml.safe_load((pathlib.Path(sys.argv[1]) / crd).read_text())["spec"]["versions"]
    schema = next(v for v in versions if resource["apiVersion"].endswith("/" + v["name"]))["schema"]["openAPIV3Schema"]
    schema = closed(schema)
    problems = list(jsonschema.Draft202012Validator(schema).iter_errors(resource))
    for problem in problems:
        print(f"{name}: {'/'.join(map(str, problem.path))}: {problem.message[:200]}")
    wrong = copy.deepcopy(resource)
    wrong["spec"]["misspelt"] = 1
    noticed = not jsonschema.Draft202012Validator(schema).is_valid(wrong)
    print(f"{name}: {len(problems)} problem(s), a misspelt field is {'refused' if noticed else 'NOT refused'}")
    failed |= len(problems) > 0 or not noticed
sys.exit(failed)
