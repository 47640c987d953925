-- Who came into a meeting before it was ended, for whoever opens it again (ENGINE R8). The previous release's inserts leave
-- it out.

ALTER TABLE rooms ADD COLUMN lobby_before TEXT NOT NULL DEFAULT '{}';
