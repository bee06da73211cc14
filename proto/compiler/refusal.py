"""What ends the build: a contradiction in the contract, with its place. Apart because model and rule both raise it."""


class Refusal(Exception):
    def __init__(self, where, reason):
        super().__init__(f"{where}: {reason}")
