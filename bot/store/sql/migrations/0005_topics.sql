-- Who asks for a topic is looked for in the other chats of the tenant, once for each new topic (EXPERIENCE 1.1).

CREATE INDEX rooms_topic ON rooms (tenant, topic) WHERE state IN ('opening', 'open', 'live', 'empty');
