"""What the programs beside this package share: errors of a person are a line, not a traceback."""

import json
import sys


def run(main) -> None:
    """Runs `main`; a file that is not there or a reader that does not listen ends with its name, and
    what the other side sent and cannot be used with the reason."""
    try:
        main()
    except json.JSONDecodeError as error:
        sys.exit(f"error: not JSON: {error}")
    except OSError as error:
        sys.exit(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    except ValueError as error:
        sys.exit(f"error: refused: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
