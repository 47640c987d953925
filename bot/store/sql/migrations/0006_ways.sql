-- By whose permission a meeting is made, and what it was asked to have (ENGINE R1, R3, R4).

ALTER TABLE rooms ADD COLUMN way TEXT NOT NULL DEFAULT 'app';
ALTER TABLE rooms ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
