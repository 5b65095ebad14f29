"""The functions of one rendering that are not for secrets: the machine, the rendering itself."""

from injector.dialects.gotemplate.functions.environment import Environment
from injector.dialects.gotemplate.functions.nesting import execute_template
from injector.dialects.gotemplate.functions.scratch import Scratch
from injector.dialects.gotemplate.functions.writing import Writing
from injector.dialects.gotemplate.model import Surroundings
from injector.dialects.gotemplate.run.expressions import Function
from injector.dialects.gotemplate.run.statements import Execution
from injector.rendering.template.dialect import ExtraFile


class Local:
    """The functions of one execution, and the files that it read and wrote."""

    def __init__(
        self,
        execution: Execution,
        surroundings: Surroundings,
        spelled: frozenset[str],
        *,
        files_may_come: bool,
    ) -> None:
        scratch = Scratch()
        execution.forget_effects = scratch.forget
        self._environment = Environment(surroundings, spelled, files_may_come=files_may_come)
        self._writing = Writing(surroundings, spelled)
        self.functions: dict[str, Function] = {
            **self._environment.functions(),
            "executeTemplate": execute_template(execution),
            "scratch": scratch.itself,
            "writeToFile": self._writing.write_to_file,
        }

    @property
    def read(self) -> frozenset[str]:
        return frozenset(self._environment.read)

    @property
    def written(self) -> tuple[ExtraFile, ...]:
        return self._writing.files
