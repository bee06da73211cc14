-- Numbers what is committed (migrations: eventos_numerar); tells who listens when there was something.
SELECT eventos_numerar()
