-- Create "live_steps" table
CREATE TABLE `live_steps` (`id` integer NOT NULL, `at` integer NOT NULL, `previous` integer NOT NULL, `previous_at` integer NOT NULL, `keys` blob NOT NULL, PRIMARY KEY (`id`));
