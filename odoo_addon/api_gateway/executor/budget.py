"""The cost of a request, counted before the work is done, because nothing limits the memory that Postgres uses for
planning."""

from collections import Counter

from .errors import RefusalError

# Measured on Postgres 15 with demo data: each further condition on a relation to many records makes planning a
# quarter slower. At worst, planning takes 0.4 s and 100 MB of Postgres's memory for 16 such conditions, and 8 s and 420
# MB for 30.
MAX_PATH = 8
MAX_JOINS = 40
MAX_TO_MANY = 16
MAX_STEPS = 200
TO_MANY = ("one2many", "many2many")


class Budget:
    """The budget of one call. Call `begin` for each of its operations, because each is a separate statement for
    Postgres."""

    def __init__(self):
        self._steps = 0
        self._walked = set()
        self.begin()

    def begin(self):
        self._joins = self._to_many = 0
        self._compared = Counter()

    def join(self, joins, to_many, path):
        """Count the relations that Postgres must join to compare `path` in a domain, an order or a grouping. Within one
        operation, each use of the path counts. If several operations of the call make the same comparison, it counts
        once."""
        if joins:
            self._joins += joins
            self._to_many += to_many
            self._compared[path] += 1
            compared = (path, self._compared[path], joins)
            if compared not in self._walked:
                self._walked.add(compared)
                self._step(joins, path)
            if self._to_many > MAX_TO_MANY:
                raise _too_complex(
                    f"With {path!r}, the conditions follow {self._to_many} relations to many records; at most "
                    f"{MAX_TO_MANY} are possible. Find those records first and give their ids.",
                    path,
                    MAX_TO_MANY,
                )
            if self._joins > MAX_JOINS:
                raise _too_complex(
                    f"With {path!r}, the operation searches and sorts by {self._joins} relations and names; "
                    f"at most {MAX_JOINS} are possible. Use fewer or shorter paths, or give ids instead of names.",
                    path,
                    MAX_JOINS,
                )

    def walk(self, model_name, names):
        """Count a relation that is only read. The relation counts once per call, however many operations request it."""
        walked = (model_name, *names)
        if walked not in self._walked:
            self._walked.add(walked)
            self._step(1, ".".join(names))

    def _step(self, steps, path):
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise _too_complex(
                f"With {path!r}, the request follows {self._steps} relations; at most {MAX_STEPS} are possible. Ask "
                "for fewer fields of other records, or send several requests.",
                path,
                MAX_STEPS,
            )


def check_length(path, names):
    if len(names) > MAX_PATH + 1:
        shown = path if len(path) <= 80 else f"{path[:77]}..."
        raise _too_complex(
            f"The path {shown!r} follows {len(names) - 1} relations; at most {MAX_PATH} are possible.", shown, MAX_PATH
        )


def joins_of(model, field, is_last=True):
    """The number of relations that Postgres joins to compare the field: (all, those to many records)."""
    if field.type in TO_MANY and field.store:
        return 1, 1
    ahead = int(field.relational and not is_last)
    if field.store:
        return ahead, 0
    if field.inherited:
        # The parent's table is joined once, for all of its fields.
        return joins_of(model.env[field.related_field.model_name], field.related_field, is_last)
    if not field.related:
        return 1 + ahead, 1  # a method of the field's module does the search, usually in a separate statement
    joins = to_many = 0
    names = field.related.split(".")
    for position, name in enumerate(names):
        step = model._fields[name]
        more, more_to_many = joins_of(model, step, is_last and position == len(names) - 1)
        joins, to_many = joins + more, to_many + more_to_many
        if not step.relational:
            break
        model = model.env[step.comodel_name]
    return joins, to_many


def joins_of_order(model, order, seen=()):
    """Relations that Postgres joins to sort: a many2one is sorted by the order of its comodel."""
    joins = 0
    for term in order.split(","):
        name, _, part = term.split()[0].partition(".") if term.strip() else ("", "", "")
        field = model._fields.get(name)
        if field is None or field in seen:
            continue
        joins += joins_of(model, field)[0]
        if field.type == "many2one" and not part:
            comodel = model.env[field.comodel_name]
            joins += 1 + joins_of_order(comodel, comodel._order, (*seen, field))
    return joins


def _too_complex(message, path, most):
    return RefusalError("request.too_complex", message, path=path, max=most)
