-- Whom or what a note is about: a decision reads those of its own people and chat, and the tenant's own (''), however
-- many others there are. The previous release's inserts leave it out, and its notes are read by all.

ALTER TABLE notes ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX notes_about ON notes (tenant, about);
