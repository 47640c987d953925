-- Who is called, and what is offered, while Microsoft does not answer (ENGINE R6). The previous release's inserts
-- leave both out.
ALTER TABLE rooms ADD COLUMN people TEXT NOT NULL DEFAULT '[]';
ALTER TABLE rooms ADD COLUMN backup_bridge TEXT NOT NULL DEFAULT '';
